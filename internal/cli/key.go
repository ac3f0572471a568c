package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/access"
	"github.com/einstack/glide/internal/config"
)

func newKey() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "key",
		Short:   "Make keys for clients",
		Example: "  glide key new",
		Args:    noArgs,
		RunE:    group,
	}
	cmd.AddCommand(newKeyNew())
	return cmd
}

func newKeyNew() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Print a new key for a client, and its hash",
		Long: `Print a new key for a client, and its hash. The key is the client's, who sends it as
Authorization: Bearer or X-Api-Key; nobody else needs it and it is kept nowhere. The hash
goes into the configuration:

  api:
    keys:
      - id: team-a
        hash: sha256:…`,
		Example: `  glide key new
  glide key new --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key := access.NewKey()
			hash := config.HashKey(key)
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"key": key, "hash": hash.String()})
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "key:  %s\nhash: %s\n", key, hash)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
