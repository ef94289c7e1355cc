package secret

import (
	"strings"
	"testing"
)

func TestShapesAreWhole(t *testing.T) {
	for _, s := range shapes().all {
		if s.What == "" || len(s.Prefix) == 0 || !strings.HasPrefix(s.Source, "https://") {
			t.Errorf("%+v: what, prefix and source are asked for", s)
		}
		if !strings.HasPrefix(s.What, "a ") && !strings.HasPrefix(s.What, "an ") {
			t.Errorf("%q has no article", s.What)
		}
	}
}

// The values are put together here, so that no scanner takes this file for a
// leak.
func TestFind(t *testing.T) {
	random := "a8Fk2LqP9xT4vRz7WcYb3NdHs6JmGe5UoQi1XtBw0ZpCr"
	hex := "9f8e7d6c5b4a32100f1e2d3c4b5a6978" + "9f8e7d6c5b4a3210"
	for want, value := range map[string]string{
		"an AWS access key":            "AKIA" + "Q3EGR5PLTX7M2WSK",
		"a GitHub token":               "ghp_" + random[:36],
		"a GitLab token":               "glpat-" + random[:20],
		"a Slack token":                "xoxb-" + "4827163905-" + random[:24],
		"a Stripe live key":            "sk_live_" + random[:24],
		"a Google API key":             "AIza" + random[:35],
		"an npm token":                 "npm_" + random[:36],
		"a PyPI token":                 "pypi-AgEIcHlwaS5vcmc" + random[:30],
		"a SendGrid key":               "SG." + random[:22] + "." + random[:43],
		"a Twilio key":                 "SK" + hex[:32],
		"a private key":                "-----BEGIN RSA PRIVATE " + "KEY-----\\nMIIEowIBAAKCAQEA" + random,
		"a JSON web token":             "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiI0NDcxIn0." + random[:43],
		"an Anthropic key":             "sk-ant-" + "api03-" + random,
		"an OpenAI key":                "sk-proj-" + random,
		"an Azure storage key":         "AccountKey=" + random + random[:40] + "==",
		"a Telegram bot token":         "4827163905" + ":AA" + random[:33],
		"a Hugging Face token":         "hf_" + random[:34],
		"a DigitalOcean token":         "dop_v1_" + hex,
		"a HashiCorp Vault token":      "hvs." + random[:24],
		"a Docker token":               "dckr_pat_" + random[:27],
		"a Discord webhook":            "https://discord.com/api/webhooks/482716390548271639/" + random,
		"a Slack webhook":              "https://hooks.slack.com/services/" + "T0482716A/B0482716B/" + random[:24],
		"a Google OAuth client secret": "GOCSPX-" + random[:28],
	} {
		// Slack's tokens of apps have another form.
		if want == "a Slack token" {
			if app := "xapp-1-A0482716B-" + "4827163905-" + hex; len(Find("x="+app)) != 1 {
				t.Errorf("%s: nothing", app)
			}
		}
		found := Find("x=" + value + " y")
		if len(found) != 1 || found[0].What != want {
			t.Errorf("%s: %+v", want, found)
		}
	}
	for _, value := range []string{
		"AKIAIOSFODNN7EXAMPLE", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "npm_config_registry_of_the_company_is_here",
		"sk-a-long-name-in-kebab-case-for-a-host", "SKILLS=0123456789", "grep -q '-----BEGIN PRIVATE KEY-----' x", "eyJ", "hf_hub_enable_transfer_of_files_quickly",
		"gir1.2-xapp-1.0:amd64", "xapp-symbolic-icons",
	} {
		if found := Find(value); len(found) > 0 {
			t.Errorf("%s: %+v", value, found)
		}
	}
}

func TestWorth(t *testing.T) {
	for want, values := range map[Worth][]string{
		Nothing: {"", "true", "0", "12", "none", "/run/secrets/db", "./key.pem", "cert.pem", "https://login.internal/token", "${X}", "$X", "$(cat x)", "vault:db#x", "arn:aws:secretsmanager:x", "ENC[AES256_GCM,data:x]"},
		Dummy:   {"dummy", "dummy-key", "example", "test", "test-secret", "test123", "not-used", "build-only", "x", "AKIAIOSFODNN7EXAMPLE", "fake_token", "collectstatic"},
		Later:   {"changeme", "ChangeMe!", "change_me", "your-secret-here", "<token>", "xxxxxx", "****", "__TOKEN__", "{{ token }}", "%(password)s", "REPLACE_ME", "TODO", "changeit"},
		Literal: {"hunter2", "postgres", "password", "secret", "admin", "k7Vq-Lantern-5531x", "django-insecure-3k2j9fj2x8", "1234", "9f8e7d6c5b4a", "base64:8Hj2kLs9dFg3QwErTy=", "Tr0ub4dor&3"},
	} {
		for _, v := range values {
			if got := WorthOf(v); got != want {
				t.Errorf("%q is %d, want %d", v, got, want)
			}
		}
	}
}
