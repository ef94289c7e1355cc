package read

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/secret"
)

// Values are put together here, so that no scanner takes this file for a leak.
var (
	letters = "a8Fk2LqP9xT4vRz7WcYb3NdHs6JmGe5UoQi1XtBw0ZpCr"
	token   = "ghp_" + letters[:36]
	aws     = "AKIA" + "Q3EGR5PLTX7M2WSK"
	pem     = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEowIBAAKCAQEA" + letters + "\n-----END RSA PRIVATE " + "KEY-----\n"
	jwt     = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiI0NDcxIn0." + letters[:43]
)

func TestQuietContents(t *testing.T) {
	for p, body := range map[string]string{
		"app/main.py":     "token = os.environ['GITHUB_TOKEN']\nkey = 'AKIAIOSFODNN7EXAMPLE'\n# ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
		"app/check.sh":    "grep -q '-----BEGIN PRIVATE KEY-----' \"$1\"\n",
		".env.example":    "DB_PASSWORD=hunter22hunter\n",
		"app/.env":        "DEBUG=true\nPORT=8000\nAPP_NAME=shop\nDB_PASSWORD=\nAPI_KEY=changeme\nTOKEN=${TOKEN}\n# PASSWORD=hunter2hunter\nNODE_ENV=production\n",
		"root/.npmrc":     "registry=https://registry.npmjs.org/\n//registry.npmjs.org/:_authToken=${NPM_TOKEN}\n",
		"root/.pypirc":    "[pypi]\nusername = __token__\npassword = %(PYPI)s\n",
		"app/.git/config": "[remote \"origin\"]\n\turl = https://github.com/x/y.git\n\turl = git@github.com:x/y.git\n",
		"usr/local/lib/python3.11/test/certdata/keycert.pem":            pem,
		"usr/local/lib/python3.11/test/ssl_key.pem":                     pem,
		"app/node_modules/jsonwebtoken/test/priv.pem":                   pem,
		"app/node_modules/jsonwebtoken/README.md":                       pem + jwt,
		"app/node_modules/firebase/dist/index.js":                       "apiKey: 'AIza" + letters[:35] + "', " + jwt,
		"usr/local/go/src/crypto/x509/platform_root_key.pem":            pem,
		"go/pkg/mod/x@v1/server_test.go":                                pem,
		"usr/local/lib/python3.11/site-packages/moto/moto_proxy/ca.key": pem,
		"root/go/pkg/mod/x@v1/.env":                                     "API_TOKEN=" + token,
		"usr/lib/x86_64-linux-gnu/libgnutls.a":                          "!<arch>\n" + pem,
		"usr/share/doc/openssl/demo.key":                                pem,
		"opt/venv/lib/python3.12/site-packages/paramiko/tests/id_rsa":   pem,
		"usr/bin/scanner":          elfOf(program{}) + "\x00" + pem + "\x00" + aws + "\x00AKIA[0-9A-Z]{16}\x00ghp_[0-9a-zA-Z]{36}\x00SK" + "9f8e7d6c5b4a32100f1e2d3c4b5a6978\x00",
		"home/app/.ssh/id_rsa.pub": "ssh-rsa AAAAB3NzaC1yc2E" + letters + " me@host\n",
		"etc/ssl/certs/ca.pem":     "-----BEGIN CERTIFICATE-----\nMIIEowIBAAKCAQEA" + letters + "\n",
		"app/service.json":         `{"private_key": "see vault"}`,
	} {
		img := imageOf(t, nil, layerOf(t, entry{name: p, body: body}))
		for _, s := range img.Secrets {
			t.Errorf("%s: %+v", p, s)
		}
	}
}

func TestSecretsInContents(t *testing.T) {
	for p, c := range map[string]struct{ body, what, name string }{
		"app/settings.py":              {"x = 1\nTOKEN = '" + token + "'\n", "a GitHub token", ""},
		"app/big.bin":                  {strings.Repeat("0123456789abcdef\n", 20_000) + token + strings.Repeat("\nxyz", 100_000), "a GitHub token", ""},
		"app/key.pem":                  {pem, "a private key", ""},
		"usr/src/app/server.key":       {pem, "a private key", ""},
		"etc/ssl/private/snakeoil.key": {pem, "a private key", ""},
		"app/tests/fixtures/real.pem":  {pem, "a private key", ""},
		"usr/bin/tool":                 {elfOf(program{}) + "\x00\x00" + token + "\x00", "a GitHub token", ""},
		"opt/venv/lib/python3.12/site-packages/company/settings.py": {"KEY='" + aws + "'", "an AWS access key", ""},
		"app/__pycache__/settings.cpython-312.pyc":                  {"\xcb\x0d\x0d\x0a\x00\x00\x00\x00\xda(" + token + "\xa9\x00", "a GitHub token", ""},
		"app/.env":                 {"DEBUG=1\nDB_PASSWORD=\"kV7-Lantern-55\"\n", "an environment file's value", "DB_PASSWORD"},
		"root/.npmrc":              {"//registry.npmjs.org/:_authToken=9f8e7d6c5b4a3210\n", "a registry's token", "//registry.npmjs.org/:_authToken"},
		"root/.netrc":              {"machine github.com login bob password kV7Lantern55\n", "a login", "password"},
		"root/.aws/credentials":    {"[default]\naws_secret_access_key = " + letters[:40] + "\n", "an AWS secret key", "aws_secret_access_key"},
		"root/.kube/config":        {"users:\n- user:\n    token: " + letters[:30] + "\n", "a cluster's login", "token"},
		"root/.docker/config.json": {`{"auths":{"x":{"auth":"Ym9iOmtWNy1MYW50ZXJu"}}}`, "a registry's login", "auth"},
		"app/.git/config":          {"url = https://bob:kV7Lantern55@github.com/x/y\n", "a password for git", ""},
		"app/service-account.json": {`{"private_key": "` + strings.ReplaceAll(pem, "\n", `\n`) + `"}`, "a private key", ""},
	} {
		img := imageOf(t, nil, layerOf(t, entry{name: p, body: c.body}))
		if len(img.Secrets) == 0 {
			t.Errorf("%s: nothing", p)
			continue
		}
		s := img.Secrets[0]
		if s.What != c.what || s.Name != c.name || s.Path != "/"+p || s.Hidden != -1 {
			t.Errorf("%s: %+v", p, s)
		}
		if at := c.body[s.Offset:]; secret.Mask(at[:min(len(at), 40)])[:2] != s.Masked[:2] && s.Masked[:2] != "**" {
			t.Errorf("%s: at %d stands %.10q, and it is shown as %s", p, s.Offset, at, s.Masked)
		}
		// No field and no listing holds the value.
		if all := fmt.Sprintf("%+v", *img); strings.Contains(all, token) || strings.Contains(all, "Lantern") || strings.Contains(all, letters[:30]) {
			t.Errorf("%s: the value is kept", p)
		}
	}
}

// A secret straddles wherever the blocks happen to end.
func TestSecretsAcrossBlocks(t *testing.T) {
	for _, at := range []int{blockSize - 50, blockSize - 20, blockSize - 1, blockSize, blockSize + secret.Margin - 30, blockSize + secret.Margin, 2*blockSize - 10, blockSize - secret.Margin - 10} {
		body := strings.Repeat(" ", at) + token + strings.Repeat(" ", blockSize)
		img := imageOf(t, nil, layerOf(t, entry{name: "x", body: body}))
		if len(img.Secrets) != 1 || img.Secrets[0].Offset != int64(at) || img.Secrets[0].Sum != fingerprint(token) {
			t.Errorf("at %d: %+v", at, img.Secrets)
		}
	}
}

func TestManySecrets(t *testing.T) {
	img := imageOf(t, nil, layerOf(t, entry{name: "x", body: strings.Repeat(token+"\n", 5000)}))
	if len(img.Secrets) != maxFileSecrets {
		t.Errorf("%d", len(img.Secrets))
	}
}

func TestPlanted(t *testing.T) {
	const quiet, loud, split = "dw-canary-1111111111", "dw-canary-2222222222", "dw-canary-3333333333"
	// One word lies across the border of two blocks, one in a file that goes.
	big := strings.Repeat("x", blockSize-7) + split + strings.Repeat("y", blockSize)
	data := saved(t, nil, layerOf(t, entry{name: "srv/.env", body: "A=" + loud}, entry{name: "srv/big", body: big}), layerOf(t, entry{name: "srv/.wh..env"}))
	img, err := Archive(t.Context(), "x", bytes.NewReader(data), int64(len(data)), Options{NoSecrets: true, Planted: []string{quiet, loud, split}})
	if err != nil {
		t.Fatal(err)
	}
	want := []image.Plant{{Word: 1, Path: "/srv/.env"}, {Word: 2, Path: "/srv/big"}}
	if !slices.Equal(img.Planted, want) {
		t.Errorf("planted words were found at %v, want %v", img.Planted, want)
	}
}
