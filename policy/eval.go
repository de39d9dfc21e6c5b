package policy

import (
	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"github.com/keyplumb/keyplumb/schemas"
)

// An evaluation is CUE's side of loading: from files to one value.
//
// The user's package is built with the schema as its scope, so that #URL and
// its like resolve without an import and the two cannot clash; only afterwards
// is it unified with #Policy. The model is read from the value before that,
// because every position in it is the user's own.
type evaluation struct {
	mistakes *mistakes
	context  *cue.Context
	schema   cue.Value
	policy   cue.Value
}

// evaluate builds the package; false where it cannot be built at all.
//
// A name that does not resolve keeps CUE from evaluating anything. Each is
// told, then taken as "_", so that the other mistakes are told, too.
func (m *mistakes) evaluate(instance *build.Instance) (*evaluation, bool) {
	e := &evaluation{mistakes: m}
	if e.build(instance) {
		return e, true
	}
	unresolved := map[token.Pos]bool{}
	for _, err := range errors.Errors(e.policy.Err()) {
		if name, ok := unresolvedName(err); ok {
			m.add(nameSpan(err.Position(), name), didYouMean(name, e.definitions()), "nothing is named %s", name)
			unresolved[err.Position()] = true
			continue
		}
		m.fallback(err)
	}
	if len(unresolved) == 0 {
		return nil, false
	}
	for _, file := range instance.Files {
		forget(file, unresolved)
	}
	instance.Err = nil // CUE notes there what has just been told
	return e, e.build(instance)
}

// build evaluates the package in a context of its own; false where the result
// has no fields.
func (e *evaluation) build(instance *build.Instance) (built bool) {
	e.mistakes.guard(func() {
		e.context = cuecontext.New()
		e.schema = e.context.CompileString(schemas.CUE, cue.Filename("schema"))
		e.policy = e.context.BuildInstance(instance, cue.Scope(e.schema))
		_, err := e.policy.Fields()
		built = err == nil
	})
	return built
}

// unresolvedName tells an error about a name that stands for nothing.
func unresolvedName(err errors.Error) (string, bool) {
	format, args := err.Msg()
	if format != "reference %q not found" || len(args) != 1 {
		return "", false
	}
	name, ok := args[0].(string)
	return name, ok
}

// forget makes the names at some places stand for anything.
func forget(file *ast.File, places map[token.Pos]bool) {
	ast.Walk(file, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok && places[name.Pos()] {
			name.Name = "_"
		}
		return true
	}, nil)
}

// validate is the net under the checks in Go: what they let pass must pass
// CUE, too.
func (e *evaluation) validate() {
	e.mistakes.guard(func() {
		whole := e.policy.Unify(e.schema.LookupPath(cue.ParsePath("#Policy")))
		for _, err := range errors.Errors(whole.Validate()) {
			e.mistakes.fallback(err)
		}
	})
}

// offered are the definitions that the policy does not define itself.
func (e *evaluation) offered() map[string]bool {
	names := map[string]bool{}
	for _, name := range e.definitions() {
		names[name] = !e.policy.LookupPath(cue.ParsePath(name)).Exists()
	}
	return names
}

// definitions are the names that the schema offers to policies.
func (e *evaluation) definitions() []string {
	var names []string
	fields, err := e.schema.Fields(cue.Definitions(true))
	if err != nil {
		return nil
	}
	for fields.Next() {
		names = append(names, fields.Selector().String())
	}
	return names
}
