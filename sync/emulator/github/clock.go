package github

import "time"

// stamp renders t as GitHub's API does: UTC, whole seconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
