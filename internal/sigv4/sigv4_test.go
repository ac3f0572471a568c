package sigv4

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestSign signs a request whose signature AWS' own SDK for Go made. The tests of clients
// compare with that SDK at large.
func TestSign(t *testing.T) {
	req, err := http.NewRequest(http.MethodPost, "https://bedrock-runtime.us-east-1.amazonaws.com/model/a%3Ab%2Fc/converse?b=2&a=x%20y", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "not covered")
	req.Header.Set("X-Amz-Meta", " a   b ")
	c := Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	Sign(req, [][]byte{[]byte("{"), []byte("}")}, c, "us-east-1", "bedrock", time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC))
	const want = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-meta, Signature=51d30d7b2308716933d0fe81b020d41e9ebeaa33ccdbc53f41c06cfdb753b8e9"
	if got := req.Header.Get("Authorization"); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}
