package main

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"time"
)

// What requests ask of the provider by a field of their body that it alone knows.
const (
	short = `"stream":true,"pace":"none",` // a few events at once
	paced = `"stream":true,"pace":"slow",` // many, one after the other
	held  = `"stream":true,"pace":"hold",` // one, and no end
)

const (
	shortEvents = 10
	pacedEvents = 50
	pause       = 10 * time.Millisecond
)

func promptOf(size int) string { return strings.Repeat("All work and no play. ", size/22) }

// chat returns the request of a chat with the prompt and further fields.
func chat(prompt, fields string) func(*proxy) []byte {
	request := chatTo("default", prompt, fields)
	return func(*proxy) []byte { return request }
}

// chatTo is as [chat] for a router. The headers are those of a usual client.
func chatTo(router, prompt, fields string) []byte {
	body := fmt.Sprintf(`{"model":%q,%s"temperature":0.7,"max_tokens":256,"messages":[{"role":"system","content":"You are helpful."},{"role":"user","content":%q}]}`, router, fields, prompt)
	return fmt.Appendf(nil, "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAccept: application/json\r\nAccept-Encoding: gzip, deflate\r\n"+
		"Content-Type: application/json\r\nUser-Agent: OpenAI/Python 2.8.0\r\nX-Stainless-Lang: python\r\nX-Stainless-Package-Version: 2.8.0\r\n"+
		"X-Stainless-Os: Linux\r\nX-Stainless-Arch: x64\r\nX-Stainless-Runtime: CPython\r\nX-Stainless-Runtime-Version: 3.13.1\r\n"+
		"Authorization: Bearer %s\r\nX-Stainless-Async: false\r\nContent-Length: %d\r\n\r\n%s", clientKey, len(body), body)
}

var (
	answer = plainAnswer()
	head   = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: req_1\r\nTransfer-Encoding: chunked\r\n\r\n")
	event  = chunk(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1750000000,"model":"m","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}]}` + "\n\n")
	finish = append(chunk(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1750000000,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\n"+"data: [DONE]\n\n"), "0\r\n\r\n"...)
)

func chunk(data string) []byte { return fmt.Appendf(nil, "%x\r\n%s\r\n", len(data), data) }

func plainAnswer() []byte {
	body := fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion","created":1750000000,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":%q,"refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":230,"completion_tokens":190,"total_tokens":420,"prompt_tokens_details":{"cached_tokens":0}}}`, promptOf(700))
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\nOpenai-Processing-Ms: 17\r\n"+
		"X-Ratelimit-Limit-Requests: 10000\r\nX-Ratelimit-Remaining-Requests: 9999\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// serveProvider answers connections as a provider does, without a thought.
func serveProvider(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return // the end of the program
		}
		go func() {
			defer conn.Close()
			r := reader{conn: conn}
			for {
				request, err := r.next()
				if err != nil || respond(conn, request) != nil {
					return
				}
			}
		}()
	}
}

func respond(conn net.Conn, request []byte) error {
	begin := request[:min(len(request), 2000)] // where the fields are
	var err error
	write := func(data []byte) {
		if err == nil {
			_, err = conn.Write(data)
		}
	}
	switch {
	case bytes.Contains(begin, []byte(short)):
		write(bytes.Join([][]byte{head, event}, nil))
		write(append(bytes.Repeat(event, shortEvents-1), finish...))
	case bytes.Contains(begin, []byte(paced)):
		write(head)
		for range pacedEvents {
			write(event)
			time.Sleep(pause)
		}
		write(finish)
	case bytes.Contains(begin, []byte(held)):
		write(bytes.Join([][]byte{head, event}, nil))
		_, err = conn.Read(make([]byte, 1)) // until the proxy hangs up
	default:
		write(answer)
	}
	return err
}
