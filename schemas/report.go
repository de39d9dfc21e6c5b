package schemas

import _ "embed" // for the files

// Report is the JSON Schema (draft 2020-12) of a report in JSON.
//
//go:embed report.schema.json
var Report []byte
