package plan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/store"
)

// verdict is what one placement was found to be: in sync, in need of a change,
// or something that no change of ours may mend.
type verdict struct {
	inSync     bool
	action     Action
	reason     Reason
	attributes []string
	blocked    *finding.Finding // rule, severity, message and help; of a refreshed one until it is
	unverified bool
}

func inSync() verdict { return verdict{inSync: true} }

func change(a Action, r Reason, attributes ...string) verdict {
	return verdict{action: a, reason: r, attributes: attributes}
}

func blocked(rule string, severity finding.Severity, message, help string) verdict {
	return verdict{blocked: &finding.Finding{Rule: rule, Severity: severity, Message: message, Help: help}}
}

func unverified(severity finding.Severity, message, help string) verdict {
	v := blocked("unverified", severity, message, help)
	v.unverified = true
	return v
}

// place judges one placement and enters the verdict in the plan.
func (p *Plan) place(s *Scope, d *Desired, options Options, now time.Time) {
	if hold := d.Binding.Hold; hold != nil {
		p.find(s, d, held(hold.Until, hold.Reason, now))
		return
	}
	if d.Value.IsEmpty() {
		p.absent(s, d, options)
		return
	}
	v := s.judge(d, options)
	if by := s.immovable(d); len(by) > 0 && (v.blocked == nil || s.knows(d.ID)) {
		p.find(s, d, byHand(by))
		return // nor is a value written to what is not as the policy wants it
	}
	p.enter(s, d, v)
	if v.inSync || v.unverified {
		p.rotation(s, d, now) // what cannot be seen has an age all the same
	}
}

func (p *Plan) enter(s *Scope, d *Desired, v verdict) {
	switch {
	case v.inSync:
		p.InSync++
		p.Settled[Place{s.Target, s.Scope, d.ID}] = true
	case v.blocked != nil && v.action == "":
		if v.unverified {
			p.Unverified++
		}
		p.find(s, d, *v.blocked)
	default:
		c := Change{
			Action: v.action, Reason: v.reason, Attributes: v.attributes,
			Target: s.Target, Scope: s.Scope, ID: d.ID, Name: d.Name,
			Environment: d.Binding.Environment, Desired: d, Position: d.Secret.Position,
		}
		if v.blocked != nil {
			f := about(s, d, *v.blocked)
			c.until = &f
		}
		p.Changes = append(p.Changes, c)
	}
}

// find enters a finding about a placement, at the secret's entry.
func (p *Plan) find(s *Scope, d *Desired, f finding.Finding) {
	p.Findings = append(p.Findings, about(s, d, f))
}

func about(s *Scope, d *Desired, f finding.Finding) finding.Finding {
	f.Position = d.Secret.Position
	f.Target, f.Scope, f.Name = s.Target, s.Scope, d.Name
	f.Secret, f.Environment = d.Secret.Name, d.Binding.Environment
	return f
}

func held(until time.Time, reason string, now time.Time) finding.Finding {
	f := finding.Finding{Rule: "held", Severity: finding.Info,
		Message: fmt.Sprintf("left alone until %s: %s", lastDay(until), reason),
		Help:    "remove the hold from the policy to let keyplumb write it again"}
	if !now.Before(until) {
		f.Severity = finding.Error
		f.Message = fmt.Sprintf("the hold ran out on %s: %s", lastDay(until), reason)
		f.Help = "remove the hold from the policy, or give it a new date"
	}
	return f
}

// lastDay gives the day that the policy named: an exception ends with it.
func lastDay(until time.Time) string { return until.Add(-time.Second).Format(time.DateOnly) }

// judge compares one placement with what is there and what the ledger says.
func (s *Scope) judge(d *Desired, options Options) verdict {
	item, there := s.items[d.ID]
	entry, known := s.entry(d.ID)
	switch {
	case !there && known && entry.Unsettled():
		return change(Create, Interrupted)
	case !there:
		return change(Create, Missing)
	case known && entry.Unsettled():
		return change(Update, Interrupted)
	case !known:
		return s.judgeStranger(d, item, options)
	case item.Readable:
		return s.judgeReadable(d, item, entry, options)
	default:
		return s.judgeWriteOnly(d, item, entry, options)
	}
}

func (s *Scope) entry(id ledger.ID) (ledger.Entry, bool) {
	if s.Ledger == nil {
		return ledger.Entry{}, false
	}
	return s.Ledger.Entry(id)
}

// judgeStranger is for what was there before keyplumb ever wrote it. It may
// belong to another tool, so it is taken over only when the user says so.
func (s *Scope) judgeStranger(d *Desired, item store.Item, options Options) verdict {
	equal := item.Readable && item.Value.Equal(d.Value) && len(s.differing(d, item, ledger.Entry{})) == 0
	adopt := options.AdoptAll || slices.Contains(options.Adopt, d.Name)
	switch {
	case equal && (!adopt || s.Ledger == nil):
		return inSync()
	case adopt:
		return change(Update, Adopted)
	case s.Ledger == nil && item.Readable:
		return unverified(finding.Warning,
			"it is there and is not what it should be, but without a ledger key nothing tells whether keyplumb wrote it",
			fmt.Sprintf("set KEYPLUMB_LEDGER_KEY (make one with keyplumb keygen), or take it over with --adopt %s", d.Name))
	case s.Ledger == nil:
		return unverified(finding.Warning,
			"it is there, but without a ledger key nothing tells whether its value is the right one",
			fmt.Sprintf("set KEYPLUMB_LEDGER_KEY (make one with keyplumb keygen), or take it over with --adopt %s", d.Name))
	}
	return unverified(finding.Error,
		"it is there, but keyplumb did not write it: it may belong to another tool",
		fmt.Sprintf("take it over with --adopt %s (or --adopt all), or remove it from the policy", d.Name))
}

func (s *Scope) judgeReadable(d *Desired, item store.Item, entry ledger.Entry, options Options) verdict {
	if !item.Value.Equal(d.Value) {
		if !entry.Settled.Fingerprint.Equal(s.Ledger.Fingerprint(d.ID, item.Value)) {
			return change(Update, Edited)
		}
		return s.stale(d, entry, options)
	}
	v := s.settled(d, item, entry, options)
	if v.inSync && !entry.Settled.Fingerprint.Equal(s.Ledger.Fingerprint(d.ID, d.Value)) {
		// Somebody put the source's new value there by hand: the entry is that of
		// the old one, and would have this one's age and origin wrong for good.
		return change(Update, Refreshed)
	}
	return v
}

func (s *Scope) judgeWriteOnly(d *Desired, item store.Item, entry ledger.Entry, options Options) verdict {
	if item.Updated.IsZero() {
		return s.judgeUnseen(d, item, entry, options)
	}
	if item.Updated.Unix() != entry.Updated {
		if differing := s.differing(d, item, entry); len(differing) > 0 {
			return change(Update, Misconfigured, differing...)
		}
		return change(Update, Edited)
	}
	if !entry.Settled.Fingerprint.Equal(s.Ledger.Fingerprint(d.ID, d.Value)) {
		return s.stale(d, entry, options)
	}
	return s.settled(d, item, entry, options)
}

// judgeUnseen is for what shows neither its value nor when it was changed: what
// keyplumb wrote there may have been replaced, and nothing would tell.
func (s *Scope) judgeUnseen(d *Desired, item store.Item, entry ledger.Entry, options Options) verdict {
	if !entry.Settled.Fingerprint.Equal(s.Ledger.Fingerprint(d.ID, d.Value)) {
		return s.stale(d, entry, options)
	}
	v := s.settled(d, item, entry, options)
	if !v.inSync && v.reason != Refreshed {
		return v
	}
	unseen := unverified(finding.Warning,
		fmt.Sprintf("the store shows neither its value nor when it was changed; keyplumb last wrote it at %s",
			time.Unix(entry.Updated, 0).UTC().Format(time.DateTime+" MST")),
		"to be sure, write it again with keyplumb sync --refresh")
	unseen.action, unseen.reason = v.action, v.reason
	return unseen
}

// settled is for a placement whose value is the right one.
func (s *Scope) settled(d *Desired, item store.Item, entry ledger.Entry, options Options) verdict {
	if differing := s.differing(d, item, entry); len(differing) > 0 {
		return change(Update, Misconfigured, differing...)
	}
	if options.Refresh || s.Ledger.Outdated(d.ID) && s.Notes {
		return change(Update, Refreshed)
	}
	return inSync()
}

// stale is for a source that changed since the last write. One that went back
// to an older version may be a mistake, or an attack on the repository that
// holds the file, so it needs the user's word.
func (s *Scope) stale(d *Desired, entry ledger.Entry, options Options) verdict {
	if entry.Settled.Fingerprint.IsZero() {
		return change(Update, Interrupted) // the ledger's key was rotated by a run that did not know this value
	}
	wentBack := !d.Changed.IsZero() && d.Changed.Unix() < entry.Settled.Changed
	if wentBack && !options.AllowRollback {
		return blocked("stale", finding.Error,
			fmt.Sprintf("the source went back to a version of %s, older than what was last written (%s)",
				d.Changed.UTC().Format(time.DateTime), time.Unix(entry.Settled.Changed, 0).UTC().Format(time.DateTime)),
			"if that is meant, say so with --allow-rollback")
	}
	return change(Update, Stale)
}

// knows tells whether the ledger has an entry.
func (s *Scope) knows(id ledger.ID) bool {
	_, known := s.entry(id)
	return known
}

// differing names the attributes that are not as the policy wants them, and
// that a write would mend. What the listing does not show is compared with
// what was last written.
func (s *Scope) differing(d *Desired, item store.Item, entry ledger.Entry) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(d.Attributes)) {
		if slices.Contains(item.Fixed, name) {
			continue
		}
		want := d.Attributes[name]
		got, observed := item.Attributes[name]
		if !observed && entry.Settled != nil {
			got, observed = entry.Settled.Attributes[name]
			want = s.Box.Attribute(want)
		}
		if !observed || got != want {
			names = append(names, name)
		}
	}
	return names
}
