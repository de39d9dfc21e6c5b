package policy

import (
	"cmp"
	"path"
	"slices"

	"cuelang.org/go/cue"
)

// A usage is what a reference is for: its defaults come from there.
type usage struct {
	secret      string // the default of field
	environment string
	ledger      bool // it is the ledger's key, of no environment
	where       span
}

var (
	referenceFields = []string{"source", "path", "field", "version"}
	fromFields      = append(slices.Clone(referenceFields), "parts", "join")
)

// from reads where a value comes from; v need not exist.
func (r *reader) from(u usage, v cue.Value) From {
	f := From{Position: u.where.at}
	if !v.Exists() {
		f.Reference = r.reference(u, nil)
		return f
	}
	u.where = labelSpan(v)
	f.Position = u.where.at
	fields := r.fields(v)
	if fields == nil {
		return f
	}
	if _, composed := fields["parts"]; composed {
		r.composed(u, &f, v, fields)
		return f
	}
	if join, ok := fields["join"]; ok {
		r.add(labelSpan(join), "name them: parts: {NAME: {field: \"…\"}}", "join has no parts")
	}
	delete(fields, "join")
	f.Reference = r.reference(u, fields)
	return f
}

// composed reads parts and how they are joined.
func (r *reader) composed(u usage, f *From, v cue.Value, fields map[string]cue.Value) {
	for name, field := range fields {
		switch {
		case name == "parts" || name == "join":
		case slices.Contains(referenceFields, name):
			r.add(labelSpan(field), "write it in each of the parts", "%s belongs to a part", name)
		default:
			r.unknown(name, "a reference", field, fromFields)
		}
	}
	var names []string
	r.each(fields["parts"], func(name string, part cue.Value) {
		names = append(names, name)
		if !secretName.MatchString(name) {
			r.add(labelSpan(part), "use letters, digits and _, no digit first", "%q cannot name a part", name)
		}
		at := u
		at.where = labelSpan(part)
		if of := r.fields(part); of != nil {
			f.Parts = append(f.Parts, Part{name, r.reference(at, of)})
		}
	})
	slices.SortFunc(f.Parts, func(a, b Part) int { return cmp.Compare(a.Name, b.Name) })
	join, ok := fields["join"]
	if !ok {
		r.add(labelSpan(fields["parts"]), "say how they are joined: join: \"…{NAME}…\"", "%s has no join", pathOf(v))
		return
	}
	f.Join, _ = r.text(join)
	r.joined(join, f.Join, names)
}

// joined checks that a join uses its parts, all of them, and nothing else.
func (r *reader) joined(v cue.Value, join string, names []string) {
	var used []string
	for _, match := range placeholder.FindAllStringSubmatch(join, -1) {
		used = append(used, match[1])
		if slices.Contains(names, match[1]) {
			continue
		}
		help := didYouMean(match[1], names)
		if match[1] == "env" {
			help = `for the environment's name write in: [Env=_]: … "\(Env)"`
		}
		r.add(valueSpan(v), help, "join uses a part %q that is not there", match[1])
	}
	for _, name := range names {
		if !slices.Contains(used, name) {
			r.add(valueSpan(v), "", "part %q is not in join", name)
		}
	}
}

// reference reads one reference, its defaults filled in.
func (r *reader) reference(u usage, fields map[string]cue.Value) Reference {
	ref := Reference{Field: u.secret}
	for name, field := range fields {
		switch name {
		case "source":
			ref.Source, _ = r.named("source", r.known.sources)(field)
		case "path":
			ref.Path, _ = r.templated(field)
		case "field":
			ref.Field, _ = r.text(field)
			ref.Whole = ref.Field == ""
		case "version":
			ref.Version, _ = r.version(field)
		default:
			r.unknown(name, "a reference", field, fromFields)
		}
	}
	source := r.sourceOf(u, &ref, fields)
	if source == nil {
		return ref
	}
	kind := r.kinds[source.Kind]
	if _, said := fields["field"]; !said && kind.whole {
		ref.Field, ref.Whole = "", true
	}
	r.located(u, &ref, source, kind, fields)
	if version, ok := fields["version"]; ok && !kind.versions {
		r.add(labelSpan(version), "", "%s sources keep no versions", source.Kind)
	}
	return ref
}

// sourceOf finds the source that a reference is into; the only one by default.
func (r *reader) sourceOf(u usage, ref *Reference, fields map[string]cue.Value) *Source {
	if _, said := fields["source"]; !said {
		if len(r.known.sources) != 1 {
			r.add(u.where, "there are several: write in: [_]: from: source: \"…\", one of "+oneOf(r.known.sources), "%s names no source", cmp.Or(u.secret, "the reference"))
			return nil
		}
		ref.Source = r.known.sources[0]
	}
	return r.policy.Source(ref.Source)
}

// located fills in a reference's path and checks it.
func (r *reader) located(u usage, ref *Reference, source *Source, kind sourceKind, fields map[string]cue.Value) {
	written, said := fields["path"]
	where := u.where
	if said {
		where = valueSpan(written)
	}
	if kind.pathless {
		if said {
			r.add(labelSpan(written), "its field is the variable's name", "%s sources have no paths", source.Kind)
		}
		return
	}
	if !said {
		ref.Path = source.Path
	}
	if said && kind.file && ref.Path != "" {
		ref.Path, _ = r.inside(written)
	}
	if ref.Path == "" && !said && kind.whole {
		ref.Path = u.secret
	}
	if ref.Path == "" && !said && source.Path == "" && !kind.file {
		r.add(where, "give the source a path, or the reference", "%s has no path in source %q", cmp.Or(u.secret, "the reference"), source.Name)
		return
	}
	if u.ledger && ref.Path != fillEnv(ref.Path, "") {
		r.add(where, "give it a path of its own", "the ledger's key is of no environment, but its path holds {env}")
		return
	}
	if name := heldByEnvironment(source); u.ledger && name != "" {
		r.add(where, "give it a source of its own, whose strings hold no {env}", "the ledger's key is of no environment, but %s of source %q holds {env}", name, source.Name)
		return
	}
	ref.Path = fillEnv(ref.Path, u.environment)
	if kind.file && ref.Path != "" {
		ref.Path = path.Clean(ref.Path)
	}
}

// ledgerKeyName is what the ledger's key is called where its source says
// nothing else, like a secret of that name.
const ledgerKeyName = "KEYPLUMB_LEDGER_KEY"

// ledger reads where the ledger's key comes from.
func (r *reader) ledger(v cue.Value) {
	if !v.Exists() {
		return
	}
	key := r.only(v, "ledger", "key")
	from := r.only(key, "ledger.key", "from")
	if !from.Exists() {
		return
	}
	read := r.from(usage{secret: ledgerKeyName, ledger: true, where: labelSpan(from)}, from)
	r.policy.LedgerKey = &read
}

// only reads a struct of one field, which has to be there.
func (r *reader) only(v cue.Value, of, name string) cue.Value {
	var found cue.Value
	if !v.Exists() {
		return found
	}
	strange := false
	ok := r.each(v, func(field string, value cue.Value) {
		if field != name {
			r.unknown(field, of, value, []string{name})
			strange = true
			return
		}
		found = value
	})
	if ok && !found.Exists() && !strange {
		r.add(labelSpan(v), "write it as ledger: key: from: {…}", "%s", of+" has no "+name)
	}
	return found
}
