package github

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
)

type sarifBody struct {
	Commit string `json:"commit_sha"`
	Ref    string `json:"ref"`
	SARIF  string `json:"sarif"`
}

var (
	commitShape = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)
	refShape    = regexp.MustCompile(`^refs/(heads|tags|pull)/.*$`)
)

// sarifLimit is the documented size of an upload, compressed, in bytes.
const sarifLimit = 10 << 20

// uploadSARIF takes a report that is JSON, gzipped, in base64, and keeps no
// more of it than that it came.
func uploadSARIF(c *call) (reply, error) {
	body, err := decode[sarifBody](c)
	if err != nil {
		return reply{}, err
	}
	if !commitShape.MatchString(body.Commit) || !refShape.MatchString(body.Ref) {
		return reply{}, unprocessable("Invalid request.\n\ncommit_sha or ref is malformed.")
	}
	raw, err := base64.StdEncoding.DecodeString(body.SARIF)
	if err != nil {
		return reply{}, badSARIF()
	}
	if len(raw) > sarifLimit {
		return reply{}, &failure{status: http.StatusRequestEntityTooLarge, message: "Payload too large"}
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return reply{}, badSARIF()
	}
	text, err := io.ReadAll(io.LimitReader(unzipped, 20*sarifLimit))
	if err != nil || !json.Valid(text) {
		return reply{}, badSARIF()
	}
	id := requestID()
	return reply{http.StatusAccepted, map[string]any{"id": id, "url": c.base + "/repos/" + c.repo.fullName() + "/code-scanning/sarifs/" + id}}, nil
}

func badSARIF() error {
	return &failure{status: http.StatusBadRequest, message: "Invalid SARIF. Expected a gzip-compressed, base64-encoded SARIF file."}
}
