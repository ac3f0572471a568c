package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/sse"
)

func newChat() *cobra.Command {
	var c conversation
	cmd := &cobra.Command{
		Use:   "chat [PROMPT]",
		Short: "Talk to a running gateway",
		Long: `Send a prompt to a running gateway and print the answer as it comes. Without a prompt it
is standard input, and on a terminal a conversation, which an end of input (Ctrl-D) ends.
Ctrl-C breaks an answer off there, and at the prompt ends the conversation.

The address is that of --addr or GLIDE_ADDR, else the built-in one. Where the gateway asks
for a key, GLIDE_API_KEY is it.`,
		Example: `  glide chat "What is a gateway?"
  glide chat --router default < prompt.txt
  glide chat`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), strings.Join(args, " "))
		},
	}
	c.flag(cmd)
	cmd.Flags().StringVarP(&c.router, "router", "r", "", "`name` of the router, or router/model (default the gateway's first)")
	return cmd
}

// A conversation is what was said so far.
type conversation struct {
	client
	router   string
	messages []message
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// run says the prompt, or all of in, or what is typed there.
func (c *conversation) run(ctx context.Context, in io.Reader, out, prompts io.Writer, prompt string) error {
	if err := c.resolve(); err != nil {
		return err
	}
	if err := c.choose(ctx); err != nil {
		return err
	}
	switch {
	case prompt != "":
		return c.say(ctx, prompt, out)
	case isTerminal(in):
		return c.converse(ctx, in, out, prompts)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read the prompt from standard input: %w", err)
	}
	if prompt = strings.TrimSpace(string(text)); prompt == "" {
		return usageError{errors.New(`there is no prompt; write one: glide chat "Hello!"`)}
	}
	return c.say(ctx, prompt, out)
}

// choose takes the gateway's first router if none is named.
func (c *conversation) choose(ctx context.Context) error {
	if c.router != "" {
		return nil
	}
	var models struct{ Data []struct{ ID string } }
	if err := c.get(ctx, "/v1/models", &models); err != nil {
		return err
	}
	if len(models.Data) == 0 {
		return fmt.Errorf("the gateway on %s has no model for this key; ask for another one", c.addr)
	}
	c.router = models.Data[0].ID
	return nil
}

// converse says each line that is typed.
func (c *conversation) converse(ctx context.Context, in io.Reader, out, prompts io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for {
		fmt.Fprintf(prompts, "%s> ", c.router)
		if !lines.Scan() {
			fmt.Fprintln(prompts)
			return lines.Err()
		}
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		// A failed turn is not the end: what was said before stays.
		before := len(c.messages)
		if err := c.turn(ctx, lines.Text(), out); err != nil {
			c.messages = c.messages[:before]
			fmt.Fprintln(prompts, "glide:", err)
		}
	}
}

// turn says a prompt, and breaks the answer off on Ctrl-C. At other times that ends the
// program, as nobody would notice a signal while a line is read.
func (c *conversation) turn(ctx context.Context, prompt string, out io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	err := c.say(ctx, prompt, out)
	if err != nil && ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}

// say sends the conversation with one more message and writes the answer as it comes.
func (c *conversation) say(ctx context.Context, prompt string, out io.Writer) error {
	c.messages = append(c.messages, message{"user", prompt})
	body, err := json.Marshal(map[string]any{"model": c.router, "messages": c.messages, "stream": true})
	if err != nil {
		return err
	}
	res, err := c.answer(ctx, http.MethodPost, "/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := printStream(res.Body, out)
	if text != "" {
		fmt.Fprintln(out)
	}
	c.messages = append(c.messages, message{"assistant", text})
	return err
}

// printStream writes the text of a streamed answer as it comes and returns all of it.
func printStream(stream io.Reader, out io.Writer) (string, error) {
	var text strings.Builder
	events := sse.NewReader(stream)
	for {
		event, err := events.Next()
		if err != nil {
			return text.String(), fmt.Errorf("the answer broke off: %w", err)
		}
		_, data := sse.Parse(event)
		if len(data) == 0 {
			continue // a comment, which keeps the connection alive
		}
		if string(data) == "[DONE]" {
			return text.String(), nil
		}
		var chunk struct {
			Error   *refusal
			Choices []struct{ Delta struct{ Content string } }
		}
		if err := json.Unmarshal(data, &chunk); err != nil {
			return text.String(), fmt.Errorf("the answer has an event that is no JSON: %w", err)
		}
		if chunk.Error != nil {
			return text.String(), fmt.Errorf("the answer broke off: %w", chunk.Error)
		}
		for _, choice := range chunk.Choices {
			text.WriteString(choice.Delta.Content)
			if _, err := io.WriteString(out, choice.Delta.Content); err != nil {
				return text.String(), fmt.Errorf("write the answer: %w", err)
			}
		}
	}
}
