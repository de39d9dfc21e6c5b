package policy

import (
	"slices"
	"strconv"
	"sync"

	"cuelang.org/go/cue"
)

// A reader fills the model from the evaluated policy. What it cannot read is a
// mistake, told at its place in the user's files; it then goes on, so that all
// of them are told at once.
type reader struct {
	*mistakes
	context *cue.Context
	lock    *sync.Mutex // guards the context, which constraints share
	policy  *Policy
	start   span // the package clause: where something is missing altogether
	known   known
	kinds   map[string]sourceKind
	offered map[string]bool // see rule
	probed  map[string]bool // the constraints, as written, that were tried
}

// known are the names that references can be to.
type known struct{ environments, sources, targets, secrets []string }

// pathOf writes a value's place as the policy would: secrets.API_KEY.as.
func pathOf(v cue.Value) string { return v.Path().String() }

// each goes through the fields of a struct; false where v is none.
func (r *reader) each(v cue.Value, do func(name string, field cue.Value)) bool {
	if !r.is(v, cue.StructKind) {
		return false
	}
	fields, err := v.Fields()
	if err != nil {
		r.broken(v)
		return false
	}
	for fields.Next() {
		do(fields.Selector().Unquoted(), fields.Value())
	}
	return true
}

// is tells whether a value can be read as one of a kind.
func (r *reader) is(v cue.Value, kind cue.Kind) bool {
	v, _ = v.Default()
	got := v.IncompleteKind()
	switch {
	case got == kind && (kind == cue.StructKind || v.IsConcrete()):
		return true
	case got == cue.BottomKind && kind == cue.StructKind && onlyChildrenBroken(v):
		return true
	case got == cue.BottomKind:
		r.broken(v)
	case got&kind != 0:
		r.add(valueSpan(v), "", "%s has no value, only a constraint", pathOf(v))
	default:
		r.add(valueSpan(v), "", "%s must be %s, not %s", pathOf(v), kindWord(kind), kindWord(got))
	}
	return false
}

// onlyChildrenBroken tells a struct that is an error for its fields' sake only.
func onlyChildrenBroken(v cue.Value) bool {
	fields, err := v.Fields()
	return err == nil && fields.Next()
}

// kindWord names a kind for people.
func kindWord(kind cue.Kind) string {
	switch kind {
	case cue.StructKind:
		return "a struct"
	case cue.ListKind:
		return "a list"
	case cue.StringKind:
		return "a string"
	case cue.BoolKind:
		return "true or false"
	case cue.IntKind, cue.FloatKind, cue.NumberKind:
		return "a number"
	case cue.NullKind:
		return "null"
	default:
		return kind.String()
	}
}

// text reads a string.
func (r *reader) text(v cue.Value) (string, bool) {
	if !r.is(v, cue.StringKind) {
		return "", false
	}
	s, err := v.String()
	return s, err == nil
}

// nonEmpty reads a string that has to say something.
func (r *reader) nonEmpty(v cue.Value) (string, bool) {
	s, ok := r.text(v)
	if ok && s == "" {
		r.add(valueSpan(v), "", "%s is empty", pathOf(v))
		return "", false
	}
	return s, ok
}

// flag reads a true or false.
func (r *reader) flag(v cue.Value) (bool, bool) {
	if !r.is(v, cue.BoolKind) {
		return false, false
	}
	b, err := v.Bool()
	return b, err == nil
}

// choice reads one of a few words.
func (r *reader) choice(v cue.Value, what string, words []string) (string, bool) {
	s, ok := r.text(v)
	if !ok {
		return "", false
	}
	if !slices.Contains(words, s) {
		r.add(valueSpan(v), didYouMean(s, words), "%q is no %s", s, what)
		return "", false
	}
	return s, true
}

// texts reads a list of strings that names at least one thing, each once; the
// result is sorted.
func (r *reader) texts(v cue.Value, element func(cue.Value) (string, bool)) ([]string, bool) {
	if !r.is(v, cue.ListKind) {
		return nil, false
	}
	list, err := v.List()
	if err != nil {
		r.broken(v)
		return nil, false
	}
	var all []string
	good := true
	for list.Next() {
		s, ok := element(list.Value())
		good = good && ok
		if ok && slices.Contains(all, s) {
			r.add(valueSpan(list.Value()), "", "%q is named twice in %s", s, pathOf(v))
			good = false
		}
		if ok {
			all = append(all, s)
		}
	}
	if len(all) == 0 && good {
		r.add(valueSpan(v), "leave it out for all", "%s is empty", pathOf(v))
		return nil, false
	}
	slices.Sort(all)
	return all, good
}

// named reads a name that has to be one of those known.
func (r *reader) named(what string, names []string) func(cue.Value) (string, bool) {
	return func(v cue.Value) (string, bool) {
		s, ok := r.text(v)
		if !ok || slices.Contains(names, s) {
			return s, ok
		}
		r.add(valueSpan(v), didYouMean(s, names), "there is no %s %q", what, s)
		return "", false
	}
}

// exists checks a field's name against those known.
func (r *reader) exists(what, name string, names []string, field cue.Value) bool {
	if slices.Contains(names, name) {
		return true
	}
	r.add(labelSpan(field), didYouMean(name, names), "there is no %s %q", what, name)
	return false
}

// unknown tells a field that nothing reads.
func (r *reader) unknown(name, of string, field cue.Value, names []string) {
	r.add(labelSpan(field), didYouMean(name, names), "%s has no field %q", of, name)
}

// version reads a string or a whole number.
func (r *reader) version(v cue.Value) (string, bool) {
	if v.IncompleteKind() == cue.IntKind {
		if n, err := v.Int64(); err == nil {
			return strconv.FormatInt(n, 10), true
		}
	}
	return r.nonEmpty(v)
}
