package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

var (
	errTooLong  = errors.New("answer too long")
	errEncoding = errors.New("answer in an encoding that was not asked for")
)

// readBody puts the whole body in the answer, in place of the connection.
func (t *Transport) readBody(resp *http.Response) error {
	defer resp.Body.Close() //nolint:errcheck // what matters was read, or reported
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return errEncoding
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, t.options.MaxBody+1))
	if err != nil {
		return err
	}
	if int64(len(body)) > t.options.MaxBody {
		return errTooLong
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if resp.Request.Method != http.MethodHead {
		resp.ContentLength = int64(len(body))
	}
	return nil
}

// peek gives the body of an answer that readBody has read, and puts it back.
func peek(resp *http.Response) []byte {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil // it is in memory: this does not happen
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return body
}
