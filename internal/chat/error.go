package chat

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An Error is a refusal in the words of OpenAI's API, which other dialects map to their
// own.
type Error struct {
	Status     int           // HTTP
	Type       string        // such as invalid_request_error
	Code       string        // such as model_not_found; may be empty
	Param      string        // the field of the request that is to blame; may be empty
	Message    string        // for people
	RetryAfter time.Duration // 0 if not said
}

func (e *Error) Error() string { return e.Message }

// Named returns the message with the name of the field that is to blame, for dialects that have
// no other place for it.
func (e *Error) Named() string {
	if strings.Contains(e.Message, e.Param) {
		return e.Message
	}
	return e.Param + ": " + e.Message
}

// RetrySeconds returns RetryAfter as the header of that name has it: in whole seconds, or "" if
// it is not said.
func (e *Error) RetrySeconds() string {
	if e.RetryAfter <= 0 {
		return ""
	}
	return strconv.Itoa(int((e.RetryAfter + time.Second - 1) / time.Second))
}

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

// Unsupported returns the refusal of the field param, which the API named cannot express.
func Unsupported(api, param string) *Error {
	return Untranslatable(param, "%s cannot express %q; remove it or choose another model", api, param)
}

// Untranslatable returns the refusal of what the field param says, for which only some
// dialects have words.
func Untranslatable(param, format string, args ...any) *Error {
	e := Invalid(param, format, args...)
	e.Code = CodeUnsupported
	return e
}

// Failed returns a provider's failure with the given HTTP status.
func Failed(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Type: "api_error", Code: code, Message: fmt.Sprintf(format, args...)}
}
