package story

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/seal"
)

const (
	pipelineID    = "01990000-0000-7000-8000-00000000000a" // of the host and the environment
	knownHostBody = `{"hostname":"git.example","public_key":{"key_type":"ssh-ed25519","key":"AAAAC3NzaC1lZDI1NTE5AAAAIDBTONfT/zbobRbmR1QtGQBK/0D6Y/OhKxhU6kC9Jz41"}}`
	pipelines     = "/2.0/repositories/acme/widgets/pipelines_config"
)

// stepKeyBody is a key pair that nothing else has.
const stepKeyBody = `{"private_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\nQyNTUxOQAAACDjU9o/mUi2v3tzbbZoWdJVBN12HsTvXRfcmgfEkaBlWAAAAJB0/1a/dP9W\nvwAAAAtzc2gtZWQyNTUxOQAAACDjU9o/mUi2v3tzbbZoWdJVBN12HsTvXRfcmgfEkaBlWA\nAAAEDy/YLyYZSF0lvZPexy5MpQDOBFbhfvQ0X/kXrjB9UvR+NT2j+ZSLa/e3NttmhZ0lUE\n3XYexO9dF9yaB8SRoGVYAAAACnN0ZXBzQHBhaWwBAgM=\n-----END OPENSSH PRIVATE KEY-----\n"}`

var pipelineParams = map[string]string{"known_host_uuid": "%7B" + pipelineID + "%7D", "environment_uuid": "%7B" + pipelineID + "%7D", "username": "acme", "selected_user": "acme-admin"}

// placeIDs are the variables that stepVariables makes.
var placeIDs = map[string]string{"repository": "01990000-0000-7000-8000-000000000001", "workspace": "01990000-0000-7000-8000-000000000002",
	"environment": "01990000-0000-7000-8000-000000000003", "account": "01990000-0000-7000-8000-000000000004"}

func variableOf(place string) map[string]string {
	params := maps.Clone(pipelineParams)
	params["variable_uuid"] = "%7B" + placeIDs[place] + "%7D"
	return params
}

func noPipelineSettings(w *pailtest.World) {
	for _, table := range []string{"pipeline", "pipeline_variable", "pipeline_config", "pipeline_known_host", "deployment_environment"} {
		check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
			_, err := tx.Exec(context.Background(), `DELETE FROM `+table)
			return err
		}))
	}
}

// pipelineFile switches pipelines on, and commits a file to the main branch.
func pipelineFile(w *pailtest.World) {
	noPipelineSettings(w)
	w.Want(w.Do(w.Token(w.Admin, "admin:repository"), "PUT", pipelines, `{"enabled":true}`), http.StatusOK)
	w.Want(w.Do(w.Token(w.Admin, "write:repository"), "POST", "/2.0/repositories/acme/widgets/src",
		pailtest.Form("message=Build+it&bitbucket-pipelines.yml=pipelines:+{default:+[{step:+{script:+[make]}}]}")), http.StatusCreated)
}

// failedStep is leftByStep with a step that has failed, waitingStep with one that waits for somebody.
func failedStep(w *pailtest.World) {
	leftByStep(w)
	w.Exec(`UPDATE pipeline SET status = 'FAILED'`)
	w.Exec(`UPDATE pipeline_step SET result = 'FAILED'`)
}

func waitingStep(w *pailtest.World) {
	leftByStep(w)
	w.Exec(`UPDATE pipeline SET status = 'PAUSED', completed_on = 0`)
	w.Exec(`UPDATE pipeline_step SET state = 'PENDING', result = '', waits = 'somebody', started_on = 0, completed_on = 0`)
}

// stepVariables makes an environment, and a variable in each place.
func stepVariables(w *pailtest.World) {
	noPipelineSettings(w)
	w.Exec(`INSERT INTO deployment_environment (id, repository_id, name, slug, kind, admin_only, created_on) VALUES ($1, $2, 'Lab', 'lab', 0, FALSE, 1)`, pipelineID, w.Repository.ID)
	for place, of := range map[string]string{"repository": w.Repository.ID, "workspace": w.Workspace.ID, "environment": pipelineID, "account": w.Admin.ID} {
		w.Exec(`INSERT INTO pipeline_variable (id, `+place+`_id, name, value, secured, created_on) VALUES ($1, $2, 'SIZE', 'large', FALSE, 1)`, placeIDs[place], of)
	}
}

func knownHost(w *pailtest.World) {
	noPipelineSettings(w)
	w.Want(w.Do(w.Token(w.Admin, "admin:pipeline"), "POST", pipelines+"/ssh/known_hosts", knownHostBody), http.StatusCreated)
	w.Exec(`UPDATE pipeline_known_host SET id = $1`, pipelineID)
}

func stepKeyPair(w *pailtest.World) {
	w.Want(w.Do(w.Token(w.Admin, "admin:pipeline"), "PUT", pipelines+"/ssh/key_pair", stepKeyBody), http.StatusOK)
}

// TestSealedSecrets: what is secured is not in the store, not in any answer, and can be opened after the key has changed.
func TestSealedSecrets(t *testing.T) {
	const secret = "correct horse battery staple"
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		admin := w.Token(w.Admin, "read:pipeline", "admin:pipeline")
		a := w.Want(w.Do(admin, "POST", pipelines+"/variables", `{"key":"PASSPHRASE","value":"`+secret+`","secured":true}`), http.StatusCreated)
		stepKeyPair(w)
		one := pipelines + "/variables/" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(a.String("uuid"))
		w.Want(w.Do(admin, "PUT", one, `{"secured":false}`), http.StatusBadRequest, "value.invalid")
		answers := string(a.Body)
		for _, path := range []string{pipelines + "/variables", one, pipelines + "/ssh/key_pair"} {
			answers += string(w.Want(w.Do(admin, "GET", path, nil), http.StatusOK).Body)
		}
		if store := w.Store(); strings.Contains(store, secret) || strings.Contains(store, "PRIVATE KEY") || strings.Contains(answers, secret) || strings.Contains(answers, "PRIVATE") {
			t.Errorf("a secret shows:\n%s\n%s", answers, store)
		}
		sealed := func() (value, key string) {
			check(w, w.DB.Row(t.Context(), `SELECT v.value, c.private_key FROM pipeline_variable v, pipeline_config c`).Scan(&value, &key))
			return value, key
		}
		// A newer key stands in front: the store is sealed with it alone after a start.
		before, err := os.ReadFile(w.Config.Secrets.KeyFile)
		check(w, err)
		file := filepath.Join(t.TempDir(), "secrets.key")
		newer, err := seal.Load(file)
		check(w, err)
		line, err := os.ReadFile(file)
		check(w, err)
		both, err := seal.Parse(append(line, before...))
		check(w, err)
		room := &pipeline.Room{DB: w.DB, Keys: both}
		if lost, err := room.Reseal(t.Context()); lost > 0 || err != nil {
			t.Fatalf("%d lost, %v", lost, err)
		}
		value, key := sealed()
		if got, err := newer.Open(value, strings.Trim(a.String("uuid"), "{}")); err != nil || got != secret {
			t.Errorf("%q: %v", got, err)
		}
		if got, err := newer.Open(key, w.Repository.ID); err != nil || !strings.Contains(got, "PRIVATE KEY") {
			t.Errorf("%v", err)
		}
		// With other keys nothing is touched, and they are counted.
		room.Keys, err = seal.Parse(before)
		check(w, err)
		if lost, err := room.Reseal(t.Context()); lost != 2 || err != nil {
			t.Errorf("%d lost, %v", lost, err)
		}
		if again, _ := sealed(); again != value {
			t.Error("what cannot be opened was changed")
		}
	})
}

// TestVariablesAtOnce: of many who add the same variable one does, and there are never more than there may be.
func TestVariablesAtOnce(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		admin := w.Token(w.Admin, "read:pipeline", "admin:pipeline")
		check(w, w.DB.Update(t.Context(), func(tx *database.Tx) error {
			for i := range 498 {
				if _, err := tx.Exec(context.Background(), `INSERT INTO pipeline_variable (id, repository_id, name, value, secured, created_on) VALUES ($1, $2, $3, '', FALSE, 1)`, uuid.NewString(), w.Repository.ID, fmt.Sprint("V", i)); err != nil {
					return err
				}
			}
			return nil
		}))
		made := make(chan int, 24)
		for i := range cap(made) {
			go func() {
				made <- w.Do(admin, "POST", pipelines+"/variables", `{"key":"`+string(rune('A'+i/3))+`","value":""}`).Status
			}()
		}
		counts := map[int]int{}
		for range cap(made) {
			counts[<-made]++
		}
		if counts[http.StatusCreated] != 2 || counts[http.StatusCreated]+counts[http.StatusConflict]+counts[http.StatusBadRequest] != cap(made) {
			t.Errorf("%v", counts)
		}
		if a := w.Do(admin, "GET", pipelines+"/variables", nil); a.String("size") != "500" {
			t.Errorf("%s variables", a.String("size"))
		}
	})
}
