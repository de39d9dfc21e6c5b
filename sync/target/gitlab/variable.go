package gitlab

import (
	"encoding/json"
	"strconv"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// The attributes that GitLab's variables have; all but the description are
// "true" or "false".
const (
	attrMasked      = "masked"
	attrProtected   = "protected"
	attrHidden      = "hidden" // masked, and never shown again
	attrRaw         = "raw"    // not expanded
	attrFile        = "file"   // the job gets the path of a file
	attrDescription = "description"

	yes = "true"
)

// isRaw tells what a variable without the attribute is: a secret is not
// expanded unless somebody asks for it.
func isRaw(a store.Attributes) bool {
	raw, given := a[attrRaw]
	return !given || raw == yes
}

func spelled(flag bool) string { return strconv.FormatBool(flag) }

// typeFile and typeVar are GitLab's names for what is a file and what is not.
const (
	typeFile = "file"
	typeVar  = "env_var"
)

// A variable is one as GitLab shows it. What is absent is not what is false:
// older versions do not have everything.
type variable struct {
	Key         string  `json:"key"`
	Value       shown   `json:"value"`
	Scope       *string `json:"environment_scope"`
	Description *string `json:"description"`
	Type        string  `json:"variable_type"`
	Masked      *bool   `json:"masked"`
	Hidden      bool    `json:"hidden"`
	Protected   *bool   `json:"protected"`
	Raw         *bool   `json:"raw"`
}

// shown is a value as far as it is shown: null where it is hidden.
type shown struct {
	value    secret.Value
	readable bool
}

// UnmarshalJSON puts the value where nothing prints it.
func (s *shown) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*s = shown{}
	if text != nil {
		s.value, s.readable = secret.New([]byte(*text)), true
	}
	return nil
}

// isWhole tells whether an answer says which variable it is about.
func (v *variable) isWhole(l *level) bool {
	return v.Key != "" && (l == &instanceLevel || v.Scope != nil && *v.Scope != "")
}

// place is where a whole variable is. An instance's has no scope, whatever is
// said of it.
func (v *variable) place(l *level) place {
	if l == &instanceLevel || v.Scope == nil {
		return place{name: v.Key}
	}
	return place{scope: *v.Scope, name: v.Key}
}

func (v *variable) description() string {
	if v.Description == nil {
		return ""
	}
	return *v.Description
}

// item gives what the port knows of a variable.
func (v *variable) item() store.Item {
	text, note := splitNote(v.description())
	attributes := store.Attributes{attrDescription: text, attrHidden: spelled(v.Hidden)}
	for name, flag := range map[string]*bool{attrMasked: v.Masked, attrProtected: v.Protected, attrRaw: v.Raw} {
		if flag != nil {
			attributes[name] = spelled(*flag)
		}
	}
	if v.Type != "" {
		attributes[attrFile] = spelled(v.Type == typeFile)
	}
	item := store.Item{Kind: store.Secret, Name: v.Key, Attributes: attributes, Note: note, Fixed: []string{attrHidden}}
	if v.Hidden {
		item.Fixed = append(item.Fixed, attrMasked)
	} else {
		item.Value, item.Readable = v.Value.value, v.Value.readable
	}
	return item
}
