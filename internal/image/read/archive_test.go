package read

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/internal/image"
)

// zipOf is a zip archive of files, sorted by name.
func zipOf(t testing.TB, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzOf(t testing.TB, data string) string {
	t.Helper()
	return string(packedWith(t, "gzip", []byte(data)))
}

func tgzOf(t testing.TB, entries ...entry) string {
	t.Helper()
	return gzOf(t, string(layerOf(t, entries...)))
}

// locked is a zip archive whose entries say that they are encrypted.
func locked(t testing.TB, files map[string]string) string {
	t.Helper()
	data := []byte(zipOf(t, files))
	for at := 0; at+10 < len(data); at++ {
		switch {
		case bytes.HasPrefix(data[at:], []byte("PK\x03\x04")):
			data[at+6] |= 1
		case bytes.HasPrefix(data[at:], []byte("PK\x01\x02")):
			data[at+8] |= 1
		}
	}
	return string(data)
}

func problemsOf(img *image.Image) string {
	var b strings.Builder
	for _, p := range img.Problems {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

func TestQuietArchives(t *testing.T) {
	keys := map[string]string{"certdata/keycert.pem": pem, "test/ssl_key.pem": pem, "server.key": pem}
	cert := "-----BEGIN CERTIFICATE-----\nMIIEowIBAAKCAQEA" + letters + "\n-----END CERTIFICATE-----\n"
	deep := zipOf(t, map[string]string{"a.txt": "nothing"})
	for range 20 {
		deep = zipOf(t, map[string]string{"inner.zip": deep})
	}
	many := map[string]string{}
	for i := range 10_000 {
		many[fmt.Sprintf("d/%05d.properties", i)] = "name=x\n"
	}
	whole := zipOf(t, map[string]string{"a.txt": strings.Repeat("text ", 1000)})
	huge := gzOf(t, strings.Repeat("\x00", 100<<20))
	for p, c := range map[string]struct {
		body    string
		unread  bool
		problem string
	}{
		// What anybody can download.
		"usr/local/lib/python3.13/test/archives/keys.zip":                {body: zipOf(t, keys)},
		"opt/venv/lib/python3.13/site-packages/cryptography/vectors.zip": {body: zipOf(t, keys)},
		"usr/share/java/bcprov.jar":                                      {body: zipOf(t, keys)},
		"root/.m2/repository/x/1/x.jar":                                  {body: zipOf(t, map[string]string{"x.properties": "t=" + token})},
		"app/node_modules/x/test/f.tgz":                                  {body: tgzOf(t, entry{name: "key.pem", body: pem})},
		"wheels/cryptography_vectors-42-py3-none-any.whl":                {body: zipOf(t, keys)},
		"srv/lib/main/io.netty.netty-handler.jar":                        {body: zipOf(t, map[string]string{"io/netty/key.pem": pem})},
		"app/lib/netty-handler.jar":                                      {body: zipOf(t, map[string]string{"io/netty/key.pem": pem})},
		"app/shop.war":                                                   {body: zipOf(t, map[string]string{"WEB-INF/lib/netty.jar": zipOf(t, map[string]string{"io/netty/key.pem": pem})})},
		"tmp/openssl-3.0.tar.gz":                                         {body: tgzOf(t, entry{name: "openssl-3.0/test/certs/key.pem", body: pem}, entry{name: "openssl-3.0/README.md", body: "hello"})},
		// What holds nothing.
		"app/shop.jar":      {body: zipOf(t, map[string]string{"META-INF/cert.pem": cert, "application.properties": "spring.datasource.password=${DB_PASSWORD}\nspring.datasource.username=shop\n"})},
		"app/empty.zip":     {body: zipOf(t, nil)},
		"app/env.zip":       {body: zipOf(t, map[string]string{".env.example": "DB_PASSWORD=changeme\n", "pip.conf": "[global]\nindex-url = https://${USER}:${PASS}@pypi.example.com/simple\n"})},
		"app/many.zip":      {body: zipOf(t, many)},
		"app/not.gz":        {body: "this is text\n"},
		"var/www/app.js.gz": {body: gzOf(t, "var x = 1;\n")},
		"app/links.tar":     {body: string(layerOf(t, entry{name: "x", link: "../../etc/passwd"}, entry{name: "../../y", body: "y"}))},
		// What nobody can look into, which is said.
		"app/locked.zip": {body: locked(t, keys), unread: true, problem: "not looked at in full: it is encrypted"},
		"app/deep.zip":   {body: deep, unread: true, problem: "nested more than 10 deep"},
		"app/bomb.gz":    {body: huge, unread: true, problem: "it unpacks to more than the limit"},
		"app/x.7z":       {body: "7z\xbc\xaf\x27\x1c\x00\x04" + strings.Repeat("x", 100), unread: true, problem: "its format is not read"},
		// What is broken, of which nobody could read more.
		"app/cut.zip":   {body: whole[:len(whole)-30], problem: "is a broken archive"},
		"app/noise.zip": {body: "PK\x03\x04" + strings.Repeat("noise", 100), problem: "is a broken archive"},
		"app/cut.tgz":   {body: tgzOf(t, entry{name: "a", body: noise(5000)})[:3000], problem: "is a broken archive"},
		"app/stub.jar":  {body: "version https://git-lfs.github.com/spec/v1\n", problem: "is a broken archive"},
	} {
		img := imageOf(t, nil, layerOf(t, entry{name: p, body: c.body}))
		for _, s := range img.Secrets {
			t.Errorf("%s: %+v", p, s)
		}
		if got := problemsOf(img); (img.Unsearched > 0) != c.unread || !strings.Contains(got, c.problem) || c.problem == "" && got != "" {
			t.Errorf("%s: %d unsearched, problems %q, want %q", p, img.Unsearched, got, c.problem)
		}
	}
}

func TestSecretsInArchives(t *testing.T) {
	account := `{"private_key": "` + strings.ReplaceAll(pem, "\n", `\n`) + `"}`
	settings := zipOf(t, map[string]string{"BOOT-INF/classes/application.properties": "spring.datasource.password=kV7-Lantern-55\n", "BOOT-INF/classes/A.class": "\xca\xfe\xba\xbe"})
	old := layerOf(t, entry{name: "x.conf", body: "key " + token + "\n"})
	copy(old[257:265], "\x00\x00\x00\x00\x00\x00\x00\x00")
	sum := 0
	for i, c := range old[:512] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int(c)
	}
	copy(old[148:156], fmt.Sprintf("%06o\x00 ", sum))
	for p, c := range map[string]struct{ body, inner, what, name string }{
		"app/backup.tgz":     {tgzOf(t, entry{name: "creds/sa.json", body: account}), "creds/sa.json", "a private key", ""},
		"app/backup.tar.gz":  {tgzOf(t, entry{name: "./root/.npmrc", body: "//r/:_authToken=9f8e7d6c5b4a3210\n"}), "root/.npmrc", "a registry's token", "//r/:_authToken"},
		"app/shop.jar":       {settings, "BOOT-INF/classes/application.properties", "a password or a key", "spring.datasource.password"},
		"app/shop.war":       {zipOf(t, map[string]string{"WEB-INF/lib/core.jar": zipOf(t, map[string]string{"conf/x.properties": "t=" + token})}), "WEB-INF/lib/core.jar!/conf/x.properties", "a GitHub token", ""},
		"app/self.jar":       {"#!/bin/sh\nexec java -jar $0\n" + settings, "BOOT-INF/classes/application.properties", "a password or a key", "spring.datasource.password"},
		"srv/data.bin":       {zipOf(t, map[string]string{"etc/pip.conf": "[global]\nindex-url = https://bob:kV7Lantern55@pypi.example.com/simple\n"}), "etc/pip.conf", "a password for a package index", ""},
		"var/dump.sql.gz":    {gzOf(t, "insert into x values ('"+token+"');\n"), "", "a GitHub token", ""},
		"var/.env.gz":        {gzOf(t, "DB_PASSWORD=kV7-Lantern-55\n"), "", "an environment file's value", "DB_PASSWORD"},
		"var/b.tar":          {string(layerOf(t, entry{name: "a/.pypirc", body: "[pypi]\npassword = kV7Lantern55\n"})), "a/.pypirc", "a password for a package index", "password"},
		"var/old.tar":        {string(old), "x.conf", "a GitHub token", ""},
		"var/b.tar.zst":      {string(packedWith(t, "zstd", layerOf(t, entry{name: "k", body: token}))), "k", "a GitHub token", ""},
		"var/b.zip":          {zipOf(t, map[string]string{"b.tgz": tgzOf(t, entry{name: "c.zip", body: zipOf(t, map[string]string{"d/id_rsa": pem})})}), "b.tgz!/c.zip!/d/id_rsa", "a private key", ""},
		"wheels/company.whl": {zipOf(t, map[string]string{"company/conf.py": "KEY='" + aws + "'"}), "company/conf.py", "an AWS access key", ""},
		// What is in front of the break is there for everybody.
		"var/cut.tgz": {tgzOf(t, entry{name: "a", body: token + "\n"}, entry{name: "b", body: noise(200 << 10)})[:150<<10], "a", "a GitHub token", ""},
	} {
		img := imageOf(t, nil, layerOf(t, entry{name: p, body: c.body}))
		if len(img.Secrets) != 1 {
			t.Errorf("%s: %+v, %s", p, img.Secrets, problemsOf(img))
			continue
		}
		if s := img.Secrets[0]; s.What != c.what || s.Name != c.name || s.Path != "/"+p || s.Inner != c.inner || s.Hidden != -1 {
			t.Errorf("%s: %+v", p, s)
		}
		if all := fmt.Sprintf("%+v", *img); strings.Contains(all, token) || strings.Contains(all, "Lantern") || strings.Contains(all, letters[:30]) {
			t.Errorf("%s: the value is kept", p)
		}
	}
}

// noise is text that nothing compresses much, the same each time.
func noise(n int) string {
	b := make([]byte, n)
	x := uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = ' ' + byte(x%90)
	}
	return string(b)
}

// One key is one value, however it is written.
func TestSumOfKey(t *testing.T) {
	img := imageOf(t, nil, layerOf(t,
		entry{name: "app/key.pem", body: pem},
		entry{name: "app/sa.json", body: `{"private_key": "` + strings.ReplaceAll(pem, "\n", `\n`) + `"}`},
		entry{name: "app/b.zip", body: zipOf(t, map[string]string{"key.pem": pem})}))
	if len(img.Secrets) != 3 || img.Secrets[0].Sum != img.Secrets[1].Sum || img.Secrets[0].Sum != img.Secrets[2].Sum || img.Secrets[0].Sum != fingerprint(pem) {
		t.Errorf("%+v", img.Secrets)
	}
	if fingerprint(pem) == fingerprint(strings.Replace(pem, "QEAa8", "QEAb9", 1)) {
		t.Error("two keys are one")
	}
}

func TestPlantedInArchives(t *testing.T) {
	const word = "dw-canary-1111111111"
	data := saved(t, nil, layerOf(t, entry{name: "srv/b.tgz", body: tgzOf(t, entry{name: ".env", body: "A=" + word})}))
	img, err := Archive(t.Context(), "x", bytes.NewReader(data), int64(len(data)), Options{NoSecrets: true, Planted: []string{word}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []image.Plant{{Word: 0, Path: "/srv/b.tgz"}}; !slices.Equal(img.Planted, want) {
		t.Errorf("planted words were found at %v, want %v", img.Planted, want)
	}
}

// Archives that are made to grow cost as much as the limits, in time and memory.
func TestHostileArchives(t *testing.T) {
	zeros := strings.Repeat("\x00", 32<<20)
	overlap := func() string {
		// Thousands of entries of a directory that share one content.
		data := []byte(zipOf(t, map[string]string{"a": zeros}))
		end := bytes.LastIndex(data, []byte("PK\x05\x06"))
		dir := bytes.Index(data, []byte("PK\x01\x02"))
		one, tail := data[dir:end], bytes.Clone(data[end:])
		const n = 5000
		out := append(bytes.Clone(data[:dir]), bytes.Repeat(one, n)...)
		binary.LittleEndian.PutUint16(tail[8:], n)
		binary.LittleEndian.PutUint16(tail[10:], n)
		binary.LittleEndian.PutUint32(tail[12:], uint32(n*len(one)))
		return string(append(out, tail...))
	}()
	entries := zipOf(t, map[string]string{"a": "x"})
	crowd := entries + strings.Repeat("PK\x01\x02"+strings.Repeat("\x00", 42), 200_000)
	holes := func() string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		w := tar.NewWriter(z)
		for i := range 200_000 {
			if err := w.WriteHeader(&tar.Header{Name: fmt.Sprint(i), Typeflag: tar.TypeReg, Mode: 0o644}); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		z.Close()
		return b.String()
	}()
	bombs := make([]entry, 200)
	small := gzOf(t, zeros)
	for i := range bombs {
		bombs[i] = entry{name: fmt.Sprintf("app/%d.gz", i), body: small}
	}
	for name, c := range map[string]struct {
		files []entry
		want  string
	}{
		"overlapping entries": {[]entry{{name: "app/x.zip", body: overlap}}, "unpacks to more"},
		"a crowded directory": {[]entry{{name: "app/x.zip", body: crowd}}, "too many files"},
		"a crowded tar":       {[]entry{{name: "app/x.tgz", body: holes}}, "not looked at in full"},
		"many bombs":          {bombs, "unpacks to more"},
		"gzip in gzip":        {[]entry{{name: "app/x.gz", body: gzOf(t, gzOf(t, zeros+zeros))}}, "unpacks to more"},
		"a large one inside":  {[]entry{{name: "app/x.tar", body: string(layerOf(t, entry{name: "y.zip", body: zipOf(t, map[string]string{"a": noise(48 << 20)})}))}}, "has more than 33.6 MB"},
	} {
		layer := layerOf(t, c.files...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		img := imageOf(t, nil, layer)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if got := problemsOf(img); !strings.Contains(got, c.want) || img.Unsearched == 0 {
			t.Errorf("%s: %d unsearched, %q", name, img.Unsearched, got)
		}
		t.Logf("%s: %s in %d bytes, %s allocated", name, took.Round(time.Millisecond), len(layer), image.Bytes(int64(after.TotalAlloc-before.TotalAlloc)))
		if took > time.Minute {
			t.Errorf("%s: %s", name, took)
		}
	}
}

func FuzzArchivesInside(f *testing.F) {
	f.Add([]byte(zipOf(f, map[string]string{"a/.env": "T=" + token, "b.jar": zipOf(f, map[string]string{"k": pem})})))
	f.Add([]byte(tgzOf(f, entry{name: "x", body: token})))
	f.Add([]byte(layerOf(f, entry{name: "x", body: token})))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			return
		}
		imageOf(t, nil, layerOf(t, entry{name: "app/x.zip", body: string(data)}, entry{name: "app/y", body: string(data)}))
	})
}
