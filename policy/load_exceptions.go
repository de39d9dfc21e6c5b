package policy

import (
	"strconv"
	"strings"
	"time"

	"cuelang.org/go/cue"
)

// day is how a policy writes a date.
const day = "2006-01-02"

var exceptionFields = []string{"reason", "until"}

// exception reads a reason and an end: shared, hold.
func (r *reader) exception(of string, v cue.Value) *Exception {
	x := Exception{Position: labelSpan(v).at}
	strange := false
	ok := r.each(v, func(field string, value cue.Value) {
		if !r.exceptionField(&x, field, value) {
			r.unknown(field, of, value, exceptionFields)
			strange = true
		}
	})
	if ok && !strange {
		r.excused(v, labelSpan(v), of)
	}
	return &x
}

func (r *reader) exceptionField(x *Exception, field string, v cue.Value) bool {
	switch field {
	case "reason":
		x.Reason, _ = r.nonEmpty(v)
	case "until":
		x.Until, _ = r.endOfDay(v)
	default:
		return false
	}
	return true
}

// excused checks that an exception says why and for how long.
func (r *reader) excused(v cue.Value, where span, of string) {
	for _, name := range exceptionFields {
		if !field(v, name).Exists() {
			r.add(where, "", "%s", of+" has no "+name)
		}
	}
}

// endOfDay reads a date; what it ends, ends with that day, in UTC.
func (r *reader) endOfDay(v cue.Value) (time.Time, bool) {
	text, ok := r.text(v)
	if !ok {
		return time.Time{}, false
	}
	date, err := time.Parse(day, text)
	if err != nil {
		r.add(valueSpan(v), "write it like 2027-03-01", "%q is no date", text)
		return time.Time{}, false
	}
	return date.AddDate(0, 0, 1), true
}

const never = "never"

// rotation reads how often a value is to change: a whole number of hours,
// days, weeks; 0 is never.
func (r *reader) rotation(v cue.Value) (time.Duration, bool) {
	text, ok := r.text(v)
	if !ok || text == never {
		return 0, ok
	}
	units := map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}
	const longest = 100 * 365 * 24 * time.Hour
	for suffix, unit := range units {
		digits, found := strings.CutSuffix(text, suffix)
		n, err := strconv.ParseUint(digits, 10, 32)
		if found && err == nil && n > 0 && time.Duration(n) <= longest/unit {
			return time.Duration(n) * unit, true
		}
	}
	r.add(valueSpan(v), "write it like 90d, 12h or 4w, or never", "%q is no time to rotate after", text)
	return 0, false
}

var allowanceFields = []string{"rule", "secret", "target", "reason", "until"}

func (r *reader) allowances(v cue.Value) {
	if !v.Exists() || !r.is(v, cue.ListKind) {
		return
	}
	list, err := v.List()
	if err != nil {
		r.broken(v)
		return
	}
	for list.Next() {
		r.allowance(list.Value())
	}
}

func (r *reader) allowance(v cue.Value) {
	a := Allowance{}
	where := valueSpan(v)
	a.Position = where.at
	strange := false
	ok := r.each(v, func(field string, value cue.Value) {
		switch field {
		case "rule":
			a.Rule, _ = r.named("rule", ruleSlugs())(value)
		case "secret":
			a.Secret, _ = r.named("secret", r.known.secrets)(value)
		case "target":
			a.Target, _ = r.named("target", r.known.targets)(value)
		default:
			if !r.exceptionField(&a.Exception, field, value) {
				r.unknown(field, "an entry of allow", value, allowanceFields)
				strange = true
			}
		}
	})
	if !ok || strange {
		return
	}
	if !field(v, "rule").Exists() {
		r.add(where, "", "an entry of allow names no rule")
	}
	r.excused(v, where, "an entry of allow")
	r.policy.Allow = append(r.policy.Allow, a)
}
