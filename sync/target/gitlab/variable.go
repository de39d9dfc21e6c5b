package gitlab

import (
	"strconv"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// The attributes that GitLab keeps of a variable.
const (
	attrMasked      = "masked"
	attrProtected   = "protected"
	attrHidden      = "hidden"
	attrRaw         = "raw"
	attrFile        = "file"
	attrDescription = "description"
)

// found is a variable as GitLab shows it. What an old version does not know is
// not there.
type found struct {
	Key         string  `json:"key"`
	Value       *string `json:"value"` // null: hidden
	Type        string  `json:"variable_type"`
	Scope       *string `json:"environment_scope"` // the instance's have none
	Masked      bool    `json:"masked"`
	Hidden      bool    `json:"hidden"`
	Protected   bool    `json:"protected"`
	Raw         bool    `json:"raw"`
	Description *string `json:"description"`
}

// scope gives the environment scope, "" for the instance's.
func (f found) scope() string {
	if f.Scope == nil {
		return ""
	}
	return *f.Scope
}

func (f found) description() string {
	if f.Description == nil {
		return ""
	}
	return *f.Description
}

// readable tells whether GitLab gave the value.
func (f found) readable() bool { return f.Value != nil && !f.Hidden }

// item gives what a listing says of the variable.
func (f found) item() store.Item {
	human, note := splitDescription(f.description())
	item := store.Item{
		Kind: store.Secret, Name: f.Key, Note: note, Fixed: []string{attrHidden},
		Attributes: store.Attributes{
			attrMasked: strconv.FormatBool(f.Masked), attrProtected: strconv.FormatBool(f.Protected),
			attrHidden: strconv.FormatBool(f.Hidden), attrRaw: strconv.FormatBool(f.Raw),
			attrFile: strconv.FormatBool(f.Type == typeFile), attrDescription: human,
		},
	}
	if f.Hidden {
		item.Fixed = append(item.Fixed, attrMasked)
	}
	if f.readable() {
		item.Value, item.Readable = secret.New([]byte(*f.Value)), true
	}
	return item
}

const (
	typeFile = "file"
	typeEnv  = "env_var"
)

// A filter names the one variable of its key that is meant.
type filter struct {
	Scope string `json:"environment_scope" url:"environment_scope"`
}

// inScope is the query of a GET or DELETE.
type inScope struct {
	Filter *filter `url:"filter,omitempty"`
}

// sent is the body of a POST or PUT: what is to be, in full, so that nothing is
// left to what was there before.
type sent struct {
	Key             string  `json:"key,omitempty"` // POST
	Value           string  `json:"value"`
	Type            string  `json:"variable_type"`
	Scope           string  `json:"environment_scope,omitempty"`
	Masked          *bool   `json:"masked,omitempty"`            // not of what is hidden
	MaskedAndHidden bool    `json:"masked_and_hidden,omitempty"` // POST
	Protected       bool    `json:"protected"`
	Raw             bool    `json:"raw"`
	Description     string  `json:"description"`
	Filter          *filter `json:"filter,omitempty"` // PUT
}
