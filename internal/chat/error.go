package chat

import (
	"fmt"
	"net/http"
	"time"
)

// An Error is a refusal in the words of OpenAI's API, which other dialects map to their
// own.
type Error struct {
	Status     int    // HTTP
	Type       string // such as invalid_request_error
	Code       string // such as model_not_found; may be empty
	Param      string // the field of the request that is to blame; may be empty
	Message    string // for people
	RetryAfter time.Duration
}

func (e *Error) Error() string { return e.Message }

// Invalid returns the refusal of a request for what it says in the field param.
func Invalid(param, format string, args ...any) *Error {
	return &Error{
		Status: http.StatusBadRequest, Type: "invalid_request_error", Param: param,
		Message: fmt.Sprintf(format, args...),
	}
}

// CodeUnsupported marks the refusal of a field that one provider cannot express although
// another may.
const CodeUnsupported = "unsupported_parameter"

// Unsupported returns the refusal of the field param, which provider cannot express.
func Unsupported(provider, param string) *Error {
	e := Invalid(param, "%s cannot express %q; remove it or choose another model", provider, param)
	e.Code = CodeUnsupported
	return e
}

// Failed returns a provider's failure with the given HTTP status.
func Failed(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Type: "api_error", Code: code, Message: fmt.Sprintf(format, args...)}
}
