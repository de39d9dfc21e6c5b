// Package store is the port between keyplumb and the stores that it reads and
// writes.
//
// A provider implements [Source] or [Target] and knows nothing above this
// package. The interfaces are small; what only some stores can do is a further
// interface, found by type assertion ([LedgerKeeper], [Inspector] …). Every
// provider signs the contract in package storetest.
package store

import (
	"context"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// A Reference says where one value lives in a source.
type Reference struct {
	Path    string // a Vault path, an id, a file … as the source's kind defines it
	Field   string // the key inside a structured secret; "" is the whole value
	Version string // a number, an id, "previous", or "" for the current one
}

// A Reading is what a source said of one reference.
type Reading struct {
	Value   secret.Value
	Version string    // opaque: equal versions mean an unchanged secret; "" where the source has none
	Changed time.Time // when this version was made, by the source's own clock; zero where unknown
	Expires time.Time // when the source's own word on it ends its life; zero where it says nothing
	Owner   string    // who the source says answers for it; "" where it says nothing
	Told    bool      // that is all that the source knows: a [Describer] has no more to say
	Err     error     // one of this package's errors, wrapped; then the rest is zero
}

// A Source is a store that holds the truth. It is opened for one environment,
// with that environment's credentials.
type Source interface {
	// Read reads every reference and gives one Reading for each, in order.
	// References into one secret are read with one request. It returns when
	// ctx is done, with the context's error in the readings that it missed.
	Read(ctx context.Context, refs []Reference) []Reading
}

// A Describer tells what a source knows of secrets without reading the values:
// for a question about age alone, by a credential that need not be able to read.
type Describer interface {
	// Describe gives for each reference, in order, what Read would, without
	// the value. A field is not looked for.
	Describe(ctx context.Context, refs []Reference) []Reading
}

// A Scope names a place inside a target that has its own namespace:
// "environment:<name>", "repository", "organization", "project:<scope>" ….
type Scope string

// A Kind tells a target's two namespaces apart.
type Kind string

// The kinds.
const (
	Secret   Kind = "secret"   // cannot be read back
	Variable Kind = "variable" // a plain CI variable, readable
)

// Attributes are what a store keeps of a variable besides its value: masked,
// protected, visibility, repositories … A list is sorted and joined by commas.
// A key that is absent is not the policy's business, or was not observed.
type Attributes map[string]string

// A Placement is one variable to be written.
type Placement struct {
	Scope      Scope
	Kind       Kind
	Name       string
	Value      secret.Value
	Attributes Attributes
	Note       string // for a [Noter]: what to keep with the variable; "" for nothing
}

// An Item is one variable that is there.
type Item struct {
	Kind       Kind
	Name       string       // in the store's own spelling; see Target.Canonical
	Updated    time.Time    // by the store's own clock; zero where it keeps none
	Value      secret.Value // where the store lets it be read
	Readable   bool         // tells an empty readable value from a hidden one
	Attributes Attributes
	Note       string   // of a [Noter]; "" where there is none
	Fixed      []string // the attributes that the store never changes once this variable is there
}

// A Neighbour is a variable of another scope that a job may see in place of
// one of the same name, or behind it.
type Neighbour struct {
	Scope Scope
	Kind  Kind
	Name  string // in the store's own spelling
}

// A Listing is everything in one scope. It is whole or it is an error: a
// listing that was cut short is never returned.
type Listing struct {
	Items     []Item
	Elsewhere []Neighbour // what the same answers showed of the target's other scopes
	At        time.Time   // when, by the store's own clock; zero where unknown
}

// A Target is a CI system's store that keyplumb writes to. Its methods may be
// called from several goroutines.
type Target interface {
	// Identity names the target for good: the provider, the host of its API
	// and the immutable id of each repository, project or organization; it
	// costs one request at most, once. A target whose name has changed is
	// ErrMoved.
	Identity(ctx context.Context) (string, error)

	// Canonical gives the form of a name under which it is unique: GitHub
	// compares without case, GitLab with it.
	Canonical(name string) string

	// Check tells, without any request, why a placement would be refused: its
	// name, its size, its characters. The errors are ErrInvalid and
	// ErrTooLarge.
	Check(p Placement) error

	// List gives everything of the kinds asked for in a scope, the ledger's
	// own variables left out. A scope that is not there is ErrNotFound, unless
	// the policy lets keyplumb create it: then it is an empty listing.
	List(ctx context.Context, scope Scope, kinds []Kind) (Listing, error)

	// Prepare makes a scope ready for the placements that are to be written
	// there: creates it where the policy allows, fetches its key, looks up what
	// the placements' attributes name. No placement is written before it has
	// succeeded.
	Prepare(ctx context.Context, scope Scope, placements ...Placement) error

	// Put creates or updates one variable and tells when the store says that
	// it did so (the answer's Date; zero where unknown). An update never
	// deletes first.
	Put(ctx context.Context, p Placement) (time.Time, error)

	// Delete removes one variable; one that is not there is no error.
	Delete(ctx context.Context, scope Scope, kind Kind, name string) error
}

// Capacity is the number of variables of one kind that a scope can hold; where
// the listings show what lies elsewhere, it is of all scopes together.
type Capacity interface {
	// Capacity gives 0 where there is no limit.
	Capacity(scope Scope, kind Kind) int
}

// A Completer fills in the attributes that a policy leaves to the store, where
// they hang on the value: GitLab masks what it can mask.
type Completer interface {
	// Complete gives a placement's attributes, whole; it makes no request and
	// leaves those given as they are.
	Complete(p Placement) Attributes
}

// A Noter keeps a note with each variable, written in the same request as the
// value: the ledger's entry lies there, and no write needs another one before
// it or after it.
type Noter interface {
	// NoteLimit is the longest note that a variable takes, in characters, all
	// of them ASCII. A target may know a note again by that very length.
	NoteLimit() int
}

// A LedgerKeeper keeps the ledger beside the secrets, in shards that are
// numbered from 1.
type LedgerKeeper interface {
	// ReadShard gives a shard's text, "" where there is none.
	ReadShard(ctx context.Context, scope Scope, shard int) (string, error)
	// WriteShard creates the shard that ReadShard found missing, or replaces
	// the one that it found. One that has appeared since is ErrConflict:
	// somebody else is writing the ledger.
	WriteShard(ctx context.Context, scope Scope, shard int, text string) error
}

// An Inspector reads the attributes that a listing does not show, one request
// a variable: a GitHub organization secret's selected repositories.
type Inspector interface {
	Inspect(ctx context.Context, scope Scope, kind Kind, name string) (Attributes, error)
}

// A Meter counts what a target's API was asked.
type Meter interface {
	// Requests counts every HTTP request made, retries included; Writes those
	// of them that change something. Requests for tokens are neither.
	Requests() (requests, writes int)
}

// A Limited target holds only some kinds of variable: one that keeps all its
// variables in one namespace holds the kind Secret alone, and takes plain
// variables as such.
type Limited interface {
	Kinds() []Kind
}
