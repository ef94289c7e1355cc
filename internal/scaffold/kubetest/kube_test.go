// Package kubetest holds the manifests that init writes against the schemas of
// Kubernetes and of the External Secrets Operator, as kubectl validate reads them.
package kubetest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/kubectl-validate/pkg/openapiclient"
	"sigs.k8s.io/kubectl-validate/pkg/validator"
)

func TestManifests(t *testing.T) {
	v, err := validator.New(openapiclient.NewOverlay(openapiclient.HardcodedPatchLoader("1.30"),
		openapiclient.NewComposite(openapiclient.NewHardcodedBuiltins("1.30"), openapiclient.NewLocalCRDFiles(os.DirFS("testdata")))))
	if err != nil {
		t.Fatal(err)
	}
	list, err := filepath.Glob("../testdata/*/*.txtar")
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	seen := map[schema.GroupKind]int{}
	for _, name := range list {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if f.Name != "kubernetes.yaml" && f.Name != "external-secrets.yaml" {
				continue
			}
			for _, doc := range bytes.Split(f.Data, []byte("\n---\n")) {
				kind, object, err := v.Parse(doc)
				if err == nil {
					err = v.Validate(object)
				}
				if err != nil {
					t.Errorf("%s: %s: %v\n%s", name, f.Name, err, doc)
				}
				seen[kind.GroupKind()]++
			}
		}
	}
	for _, k := range []schema.GroupKind{{Group: "apps", Kind: "Deployment"}, {Group: "batch", Kind: "Job"}, {Kind: "Service"}, {Group: "networking.k8s.io", Kind: "NetworkPolicy"}, {Group: "external-secrets.io", Kind: "SecretStore"}, {Group: "external-secrets.io", Kind: "ExternalSecret"}} {
		if seen[k] == 0 {
			t.Errorf("no %s was written", k)
		}
	}
	// What is no such manifest does not pass.
	for _, bad := range []string{
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: two}\n",
		"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x}\nspec: {data: [{secret: x}]}\n",
		"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 80, targetport: http}]}\n",
	} {
		_, object, err := v.Parse([]byte(bad))
		if err == nil {
			err = v.Validate(object)
		}
		if err == nil {
			t.Errorf("this passes:\n%s", bad)
		}
	}
}
