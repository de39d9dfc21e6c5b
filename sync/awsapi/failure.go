package awsapi

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/sync/errgroup"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

const (
	// maxBody is the longest answer, in bytes: 20 secrets of 64 KiB, as JSON.
	maxBody = 16 << 20
	// pause is the first wait of a client that AWS asks for fewer requests.
	// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
	pause = time.Second
)

// A credentialError keeps what went wrong at a login apart from the request
// that the login was for.
type credentialError struct{ err error }

func (e *credentialError) Error() string { return e.err.Error() }
func (e *credentialError) Unwrap() error { return e.err }

// A Refusal is what an API said of a request that failed, to be matched and
// never shown.
type Refusal struct {
	Code    string // "AccessDeniedException", without what may stand before and after it
	Message string // in lower case
	Login   bool   // it was the login that failed, and the error tells of that
}

// IsKMS tells a refusal that is about the key that a value is encrypted with.
// The words are those of Secrets Manager, of IAM and of KMS.
func (r Refusal) IsKMS() bool {
	return slices.ContainsFunc([]string{"access to kms is not allowed", "kms:decrypt", "customer master key", "ciphertext"}, func(words string) bool {
		return strings.Contains(r.Message, words)
	})
}

// Failure makes the error for an operation of what the SDK returned. It is a
// *[store.Error], or ends with the context's own; told is what the API said,
// empty where no API was reached.
func Failure(op, ref string, err error) (told Refusal, failed error) {
	if login, ok := errors.AsType[*credentialError](err); ok {
		return Refusal{Login: true}, login.err
	}
	var resp *http.Response
	if answered, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && answered.Response != nil {
		resp = answered.Response.Response
	}
	failed = rest.Failure(op, ref, resp, err)
	e, ok := errors.AsType[*store.Error](failed)
	if !ok {
		return Refusal{}, failed
	}
	if said, ok := errors.AsType[smithy.APIError](err); ok && e.Status >= 300 {
		told = Refusal{Code: said.ErrorCode(), Message: strings.ToLower(said.ErrorMessage())}
		if e.Status >= http.StatusInternalServerError && !slices.Contains(haste(), told.Code) {
			told = Refusal{} // who has failed has no word on what was asked for
		}
	}
	explain(e, told)
	return told, e
}

// Refused is what an API said of one of the things that it was asked for in one
// request.
func Refused(code, message string) Refusal {
	return Refusal{Code: code, Message: strings.ToLower(message)}
}

// Error makes the error of a refusal that has no status of its own. What is not
// known is store.ErrUnavailable.
func (r Refusal) Error(op, ref string) error {
	e := &store.Error{Op: op, Ref: ref, Kind: store.ErrUnavailable}
	explain(e, r)
	return e
}

// Unreadable is the error for an answer that makes no sense.
func Unreadable(op, ref string) error {
	return &store.Error{Op: op, Ref: ref, Kind: store.ErrUnavailable, Detail: "the answer could not be read", Hint: hintAddress}
}

// AtOnce does something for each of several things, up to limit of them side by
// side. A panic is the caller's: it may hold a value, and would end the process
// from a goroutine of its own.
func AtOnce[T any](limit int, each []T, do func(T)) {
	var group errgroup.Group
	group.SetLimit(limit)
	panics := make([]any, len(each))
	for i, one := range each {
		group.Go(func() error {
			defer func() { panics[i] = recover() }()
			do(one)
			return nil
		})
	}
	_ = group.Wait() // it has no errors
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
}

// Unasked says why nothing is known of what was not asked for any more.
func Unasked(why string) string {
	if why == "" {
		return "not asked for, since another request failed"
	}
	return "not asked for, since another request failed: " + why
}

// codes are what the APIs say in place of a status: nearly everything is 400.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
func codes() map[error][]string {
	return map[error][]string{
		store.ErrNotFound: {"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"},
		store.ErrDenied:   {"AccessDeniedException", "AccessDenied", "NotAuthorized", "OptInRequired", "RegionDisabledException"},
		store.ErrUnauthentic: {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "ExpiredTokenException", "ExpiredToken",
			"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException", "MissingAuthenticationToken",
			"MissingAuthenticationTokenException", "InvalidToken", "RequestExpired", "RequestTimeTooSkewed", "UnauthorizedException"},
		store.ErrUnreadable:  {"DecryptionFailure", "InvalidKeyId"},
		store.ErrThrottled:   haste(),
		store.ErrInvalid:     {"InvalidParameterException", "InvalidRequestException", "ValidationException", "ValidationError"},
		store.ErrUnavailable: {"InternalServiceError", "InternalServerError", "InternalFailure", "ServiceUnavailable"},
	}
}

// explain says what holds for every API: the code, where it is known, knows
// more than the status.
func explain(e *store.Error, told Refusal) {
	if errors.Is(e.Kind, store.ErrNotFound) {
		// These APIs say it with a code. A status alone is a proxy's word, which
		// an optional secret must not be given up for.
		e.Kind, e.Detail = store.ErrUnavailable, "the answer is not one of AWS"
	}
	for kind, list := range codes() {
		if slices.Contains(list, told.Code) {
			e.Kind, e.Detail = kind, ""
		}
	}
	switch {
	case errors.Is(e, store.ErrDenied) && e.Status != 0 && !slices.Contains(codes()[store.ErrDenied], told.Code):
		e.Detail, e.Hint = "the refusal is not in AWS's words", "is there a proxy on the way that refuses? Else look at what the role may do"
	case errors.Is(e, store.ErrMoved):
		e.Detail, e.Hint = "the server sends keyplumb to another address, where the request does not go", "name the address of the service itself"
	case isSkewed(told):
		e.Detail, e.Hint = "the request's time is not that of AWS", "set this machine's clock: a signature is good for 5 minutes"
	case told.Code == "ExpiredTokenException" || told.Code == "ExpiredToken" || told.Code == "RequestExpired":
		e.Detail, e.Hint = "the credentials have run out", "log in again (aws sso login, or what gave the AWS_… variables), or let the role's sessions last for the run"
	case told.Code == "InvalidSignatureException" || told.Code == "SignatureDoesNotMatch":
		e.Detail, e.Hint = "the signature is wrong", "is AWS_SECRET_ACCESS_KEY that of AWS_ACCESS_KEY_ID, and whole? Is this machine's clock right?"
	case told.Code == "OptInRequired" || told.Code == "RegionDisabledException":
		e.Detail, e.Hint = "the account has this region, or this service, not enabled", "is the region right in the policy?"
	case errors.Is(e, store.ErrUnauthentic) && told.Code != "":
		e.Detail, e.Hint = "AWS does not know these credentials", "look at what aws sts get-caller-identity says; were they made for another partition, or deleted?"
	}
	e.Hint = cmp.Or(e.Hint, fallback(e, told))
}

// What is to be done where the API has said nothing that helps.
const (
	hintAddress = "what answered may not be AWS: look at the address (AWS_ENDPOINT_URL…), and at what stands on the way"
	hintReach   = "see whether aws sts get-caller-identity answers from here, with a certificate that is trusted (AWS_CA_BUNDLE), and run keyplumb again"
	hintAgain   = "run keyplumb again; the AWS Health Dashboard tells of outages"
	hintSupport = "CloudTrail tells what AWS makes of the request"
)

// fallback is what to do about an error that says nothing of its own.
func fallback(e *store.Error, told Refusal) string {
	switch {
	case errors.Is(e, store.ErrUnavailable) && (e.Status >= 500 || told.Code != "" && e.Status != http.StatusNotFound):
		return hintAgain
	case errors.Is(e, store.ErrUnavailable) && e.Status == 0 && told.Code == "":
		return hintReach
	case errors.Is(e, store.ErrUnavailable):
		return hintAddress
	}
	return hintSupport
}

// isSkewed tells a signature that is refused for its time. The words are those
// of the API's own message.
func isSkewed(told Refusal) bool {
	return told.Code == "RequestTimeTooSkewed" ||
		told.Code == "InvalidSignatureException" && (strings.Contains(told.Message, "signature expired") || strings.Contains(told.Message, "signature not yet current"))
}

// haste are the codes by which an API asks for fewer requests.
func haste() []string {
	return []string{"ThrottlingException", "Throttling", "ThrottledException", "RequestThrottled", "RequestThrottledException", "TooManyRequestsException",
		"RequestLimitExceeded", "SlowDown", "PriorRequestNotComplete", "TransactionInProgressException", "BandwidthLimitExceeded"}
}

// hasty tells an answer by which an API asks for fewer requests: its status is
// 400.
func hasty(status int, header http.Header, body []byte) bool {
	return status >= http.StatusBadRequest && slices.Contains(haste(), codeOf(header, body))
}

// codeOf reads an error's code: from the header, from JSON, from XML.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
func codeOf(header http.Header, body []byte) string {
	code := header.Get("X-Amzn-Errortype")
	var object struct {
		Type string `json:"__type"`
	}
	var document struct {
		Code string `xml:"Error>Code"`
	}
	switch {
	case code != "":
	case json.Unmarshal(body, &object) == nil:
		code = object.Type
	case xml.Unmarshal(body, &document) == nil:
		code = document.Code
	}
	code, _, _ = strings.Cut(code, ":")
	return code[strings.LastIndex(code, "#")+1:]
}
