package dotenv

import (
	"context"
	"fmt"
	"strings"

	"github.com/keyplumb/keyplumb/sync/envfile"
	"github.com/keyplumb/keyplumb/sync/store"
)

// shardNote is the note that holds a shard of the ledger: the comment
// "# KEYPLUMB_LEDGER_1=…".
func shardNote(shard int) string { return fmt.Sprintf("LEDGER_%d", shard) }

// ReadShard gives a shard's text, "" where there is none.
func (t *Target) ReadShard(ctx context.Context, scope store.Scope, shard int) (string, error) {
	file, err := t.read(ctx, "read the ledger", scope)
	if err != nil {
		return "", err
	}
	return file.Note(shardNote(shard)), nil
}

// WriteShard creates or replaces a shard. Its text is one line.
func (t *Target) WriteShard(ctx context.Context, scope store.Scope, shard int, text string) error {
	if strings.ContainsAny(text, "\r\n") {
		return &store.Error{Op: "write the ledger", Ref: string(scope), Kind: store.ErrInvalid, Detail: "a shard is one line"}
	}
	return t.edit(ctx, "write the ledger", scope, func(file *envfile.File) error {
		file.SetNote(shardNote(shard), text)
		return nil
	})
}
