package secrets

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for want, names := range map[strength]string{
		strong: `PASSWORD DB_PASSWORD dbPassword PGPASSWORD MYSQL_PWD DB_PASS API_KEY apikey API_KEYS AWS_SECRET_ACCESS_KEY AWS_ACCESS_KEY_ID SECRET_KEY_BASE
			GITHUB_TOKEN GH_PAT --password --api-key //registry.npmjs.org/:_authToken requirepass PASSWORD1 TOKEN_PROD PRIVATE_KEY PASSPHRASE GOOGLE_CREDENTIALS
			NEW_RELIC_LICENSE_KEY RAILS_MASTER_KEY SSH_KEY CLIENT_SECRET JWT_SECRET_KEY PASSWORD_HASH OLD_PASSWORD PUSH_TOKEN storepass`,
		weak: `KEY APP_KEY AUTH PASSWORD_OF_BOB SECRET_SANTA`,
		notSecret: `PATH PWD OLDPWD COMPASS PASS_COUNT TOKENIZERS_PARALLELISM TIKTOKEN_CACHE_DIR DB_PASSWORD_FILE SECRET_NAME SECRET_ID TOKEN_URL MAX_TOKENS TOKEN_TTL
			PUBLIC_KEY SSH_PUBLIC_KEY GPG_KEY GPG_KEYS NGINX_GPGKEY AUTH_TOKEN_HEADER PASSWORD_MIN_LENGTH KEY_PREFIX TOKEN_EXPIRY SECRETS_DIR USE_TOKEN
			MYSQL_ALLOW_EMPTY_PASSWORD --disabled-password --password-stdin --with-token --no-password AUTHOR MONKEY PATTERN NEXT_PUBLIC_API_KEY VITE_TOKEN REACT_APP_SECRET
			SECRET_KEY_BASE_DUMMY PAD_TOKEN COOKIE_SECRET_ROTATION NOPASSWD DJANGO_SETTINGS_MODULE credential.helper GOOGLE_APPLICATION_CREDENTIALS`,
	} {
		for _, n := range strings.Fields(names) {
			if got := nameOf(n); got != want {
				t.Errorf("%s is %d, want %d", n, got, want)
			}
		}
	}
}

func TestLines(t *testing.T) {
	for s, want := range map[string]string{
		"password = hunter22\n":                              "hunter22",
		"export API_TOKEN=\"9f8e7d6c\"\n":                    "9f8e7d6c",
		`{"password": "hunter22"}`:                           "hunter22",
		"//registry.npmjs.org/:_authToken=9f8e7d6c5b4a":      "9f8e7d6c5b4a",
		"machine github.com login bob password hunter22":     "hunter22",
		"requirepass hunter22\n":                             "hunter22",
		"a=1\\npassword=hunter22\\n":                         "hunter22",
		"password = os.environ[\"X\"]\n":                     "",
		"token = get_token()\n":                              "",
		"secret = secret\n":                                  "",
		"password = ${DB_PASSWORD}\n":                        "",
		"password_file = /run/secrets/db\ntoken: changeme\n": "",
		"app ALL=(ALL) NOPASSWD: ALL\n":                      "",
	} {
		got := ""
		for _, l := range lines(s) {
			got += strings.ReplaceAll(s, `\n`, " \n")[l.From:l.To]
		}
		if got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}
