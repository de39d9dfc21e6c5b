package ledger

import (
	"bytes"
	"errors"
)

// sizes are the lengths that a plaintext is padded to, so that a shard's
// length tells little of what is in it.
var sizes = [...]int{256, 512, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 12 << 10, 16 << 10, 20 << 10, 24 << 10}

// A store allows 48 KB for one variable. A shard takes no more than 150
// entries, whose equalities stay under 8 KiB, and 22 KiB of placements, padded
// to 24: together 32 KiB, 44 KB of base64.
const (
	roomyBytes   = 22 << 10
	roomyEntries = 150
)

var errFull = errors.New("ledger: too much for one shard")

// pad appends a one bit and zeros (ISO/IEC 7816-4) up to the next size.
func pad(plain []byte) ([]byte, error) {
	for _, size := range sizes {
		if len(plain) < size {
			out := make([]byte, size)
			copy(out, plain)
			out[len(plain)] = 0x80
			return out, nil
		}
	}
	return nil, errFull
}

func unpad(padded []byte) ([]byte, error) {
	end := bytes.LastIndexByte(padded, 0x80)
	if end < 0 || len(bytes.Trim(padded[end+1:], "\x00")) != 0 {
		return nil, ErrForged
	}
	return padded[:end], nil
}
