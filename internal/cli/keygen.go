package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy/attest"
)

func keygenCommand(c Command) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "keygen",
		Short: "Generate a key pair to sign evidence",
		Long: `keygen generates an ECDSA key pair on the curve P-256. NAME.key signs; it is not
encrypted and is protected only by its file mode (0600). NAME.pub verifies and may
be published. Existing files are not overwritten.`,
		Example: `  dockworthy keygen
  dockworthy keygen --output release`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			key, err := attest.GenerateKey()
			if err != nil {
				return err
			}
			secret, err := key.PEM()
			if err != nil {
				return err
			}
			if err := create(output+".key", secret, 0o600); err != nil {
				return err
			}
			if err := create(output+".pub", key.Public().PEM(), 0o644); err != nil {
				// A key whose public half is not there would only stand in the way.
				return errors.Join(err, os.Remove(output+".key"))
			}
			fmt.Fprintf(c.Stdout, "%s.key signs: keep it secret\n%s.pub verifies: you can publish it\nkey %s\n", output, output, key.Public().Hint())
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "dockworthy", "the name of the files, without .key and .pub")
	return cmd
}

// create writes a file that is not there yet.
func create(name string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s already exists: move it, or choose another --output", name)
	}
	if err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the key: %w", errors.Join(err, os.Remove(name)))
	}
	return nil
}
