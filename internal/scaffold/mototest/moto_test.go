// Package mototest shows that the agent of examples/agent reads its key at run time, as
// docs/init.md tells: out of AWS Secrets Manager, for which moto stands in on the loopback
// interface. It is a module of its own, for it needs Python and packages of it.
package mototest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	agent  = "../../../examples/agent/golden"
	secret = "weather/key"
)

// tools are what stands in for AWS, at versions that are known to work.
var tools = []string{"moto[secretsmanager,server]==5.1.16"}

// python is the interpreter of a virtual environment with packages.
func python(t *testing.T, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	run(t, "python3", "-m", "venv", dir)
	py := filepath.Join(dir, "bin", "python")
	run(t, py, append([]string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check"}, args...)...)
	return py
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// serve starts a program that listens on a free port, whose number replaces PORT, and
// waits until it answers.
func serve(t *testing.T, env []string, dir, name string, args ...string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "PORT", port)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	url = "http://127.0.0.1:" + port
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if res, err := http.Get(url + "/"); err == nil {
			res.Body.Close()
			return url
		}
		select {
		case <-ended:
			t.Fatalf("%s ended:\n%s", name, out.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer", name)
		}
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

// TestKey starts the agent as it is without a key, with a secret that is not there, and
// with one that is made while it runs.
func TestKey(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Fatal("no python3, in which the agent is written: ", err)
	}
	bare := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	py := python(t, "-r", filepath.Join(agent, "requirements.txt"))
	aws := serve(t, bare, "", python(t, tools...), "-m", "moto.server", "-H", "127.0.0.1", "-p", "PORT")
	uvicorn := []string{"-m", "uvicorn", "main:app", "--port", "PORT"}

	plain := serve(t, bare, agent, py, append([]string{}, uvicorn...)...)
	if status, body := get(t, plain+"/forecast?city=Bergen"); status != 503 {
		t.Errorf("without a key: %d %s", status, body)
	}
	app := serve(t, append(bare,
		"WEATHER_KEY_SECRET="+secret, "AWS_DEFAULT_REGION=eu-central-1",
		"AWS_ENDPOINT_URL="+aws, "AWS_ACCESS_KEY_ID=testing", "AWS_SECRET_ACCESS_KEY=testing"),
		agent, py, append([]string{}, uvicorn...)...)
	if status, body := get(t, app+"/health"); status != 200 {
		t.Errorf("health, which needs no key: %d %s", status, body)
	}
	if status, body := get(t, app+"/forecast?city=Bergen"); status != 500 {
		t.Errorf("with a secret that is not there: %d %s", status, body)
	}
	create(t, aws, secret, "made-up-for-the-test")
	if status, body := get(t, app+"/forecast?city=Bergen"); status != 200 || !strings.Contains(body, "Bergen") {
		t.Errorf("with the secret: %d %s", status, body)
	}
}

// create makes a secret, as the AWS CLI does.
// Source: docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html.
func create(t *testing.T, aws, name, value string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"Name": name, "SecretString": value, "ClientRequestToken": "0f8fad5b-d9cb-469f-a165-70867728950e"})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, aws, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "secretsmanager.CreateSecret")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=testing/20260101/eu-central-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if data, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		t.Fatalf("make the secret: %s %s", res.Status, data)
	}
}
