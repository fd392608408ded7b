package runner

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/registry"
	docker "github.com/moby/moby/client"
	"github.com/pailforge/pail/internal/runnerapi"
)

// Engine says which Docker Engine API runs containers, and how.
type Engine struct {
	Host    string // its address, such as unix:///run/docker.sock; empty: what DOCKER_HOST says, or the usual socket
	Network string // what containers are connected to: OwnNetwork, EngineNetwork, or a network or mode of the engine
}

// What containers may be connected to.
const (
	OwnNetwork    = "own"    // a network for each step, in which it is alone with its services
	EngineNetwork = "engine" // what the engine does by itself
)

// Where a step finds its clone and the files of the job: the first is Bitbucket Cloud's, which scripts know.
const (
	cloneInside = "/opt/atlassian/pipelines/agent/build"
	agentInside = "/opt/atlassian/pipelines/agent/pail"
)

// Everything that a runner makes carries its name, so that it finds what a process before it left behind.
const label = "com.github.pailforge.pail.runner"

// sharedMemory is the size of a container's /dev/shm, in octets.
const sharedMemory = 64 << 20

// capabilities are what of root's rights a container keeps: what package managers need, and no more.
var capabilities = []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}

// engine runs steps as containers.
type engine struct {
	api        *docker.Client
	config     Engine
	runner     string
	processors int // of the machine that it is on
}

func newEngine(ctx context.Context, c Engine, runner string) (*engine, error) {
	if c.Network == EngineNetwork {
		c.Network = ""
	}
	options := []docker.Opt{docker.FromEnv}
	if c.Host != "" {
		options = []docker.Opt{docker.WithHost(c.Host)}
	}
	api, err := docker.New(options...)
	if err != nil {
		return nil, fmt.Errorf("the container engine: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := api.Ping(ctx, docker.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return nil, fmt.Errorf("no container engine answers at %s: start Docker, or `podman system service --time=0`, and say where with DOCKER_HOST (%w)", api.DaemonHost(), err)
	}
	info, err := api.Info(ctx, docker.InfoOptions{})
	if err != nil {
		return nil, fmt.Errorf("the container engine: %w", err)
	}
	return &engine{api: api, config: c, runner: runner, processors: info.Info.NCPU}, nil
}

func (e *engine) labels() map[string]string { return map[string]string{label: e.runner} }

// sweep removes all containers and networks of this runner.
func (e *engine) sweep(ctx context.Context) error {
	filters := docker.Filters{}.Add("label", label+"="+e.runner)
	list, err := e.api.ContainerList(ctx, docker.ContainerListOptions{All: true, Filters: filters})
	if err != nil {
		return err
	}
	for _, c := range list.Items {
		if err := e.remove(ctx, c.ID); err != nil {
			return err
		}
	}
	networks, err := e.api.NetworkList(ctx, docker.NetworkListOptions{Filters: filters})
	if err != nil {
		return err
	}
	for _, n := range networks.Items {
		if _, err := e.api.NetworkRemove(ctx, n.ID, docker.NetworkRemoveOptions{}); err != nil && !errdefs.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// remove ends and removes a container with its volumes.
func (e *engine) remove(ctx context.Context, id string) error {
	err := retry(ctx, func() error {
		_, err := e.api.ContainerRemove(ctx, id, docker.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if errdefs.IsNotFound(err) {
			return nil
		}
		return err
	})
	return err
}

func (e *engine) places(*job) (clone, agent string) { return cloneInside, agentInside }

// engineBox is a step's container with its services.
type engineBox struct {
	engine     *engine
	job        *job
	containers []string // the step's own first
	network    string   // made for the step; empty: none
	image      string
	home       string
	attached   docker.HijackedResponse
	out        *io.PipeReader
	reports    *io.PipeReader
	services   sync.WaitGroup
}

func (e *engine) box(ctx context.Context, j *job) (_ box, err error) {
	b := &engineBox{engine: e, job: j}
	defer func() {
		if err != nil {
			_ = b.end()
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
		}
	}()
	for _, s := range j.step.Services {
		if s.Daemon {
			return nil, faultf(runnerapi.ServiceFailed, "A Docker daemon beside a step (the service %s) would have rights over the whole machine: this runner gives none. Pipes need none; build images with a tool that needs no daemon.", s.Name)
		}
	}
	if err := e.fetchImage(ctx, j, j.step.Image); err != nil {
		return nil, err
	}
	if b.image, b.home, err = e.look(ctx, j.fill(j.step.Image.Name), j.step.Image); err != nil {
		return nil, err
	}
	network := e.config.Network
	if network == OwnNetwork {
		name := "pail-" + j.step.UUID
		if _, err := e.api.NetworkCreate(ctx, name, docker.NetworkCreateOptions{Driver: "bridge", Labels: e.labels()}); err != nil {
			return nil, faultf(runnerapi.RunnerFault, "The container engine cannot make a network for the step: %w", err)
		}
		b.network, network = name, name
	}
	if j.step.Image.User != nil {
		if err := j.giveClone(*j.step.Image.User); err != nil {
			return nil, faultf(runnerapi.RunnerFault, "The clone cannot be given to the user %d: %w", *j.step.Image.User, err)
		}
	}
	config := &container.Config{
		Image: b.image, Env: j.environment(), Entrypoint: []string{"/bin/sh"}, Cmd: []string{"-c", driver, "pail", agentInside, cloneInside, "contained"},
		WorkingDir: cloneInside, AttachStdin: true, AttachStdout: true, AttachStderr: true, OpenStdin: true, StdinOnce: true, Labels: e.labels(),
	}
	if u := j.step.Image.User; u != nil {
		config.User = fmt.Sprint(*u)
	}
	host := e.host(network, j.memory(), j.step.CPU)
	host.Mounts = []mount.Mount{{Type: mount.TypeBind, Source: j.path("build"), Target: cloneInside}}
	id, err := b.create(ctx, config, host)
	if err != nil {
		return nil, err
	}
	if err := b.putFiles(ctx, id); err != nil {
		return nil, faultf(runnerapi.RunnerFault, "The container engine does not take the step's files: %w", err)
	}
	// The connection outlives ctx: what a step had printed when it was stopped is part of its log.
	attached, err := e.api.ContainerAttach(context.WithoutCancel(ctx), id, docker.ContainerAttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, faultf(runnerapi.RunnerFault, "The container engine does not connect to the step: %w", err)
	}
	b.attached = attached.HijackedResponse
	var outEnd, reportsEnd *io.PipeWriter
	b.out, outEnd = io.Pipe()
	b.reports, reportsEnd = io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(outEnd, reportsEnd, b.attached.Reader)
		_ = outEnd.CloseWithError(err)
		_ = reportsEnd.CloseWithError(err)
	}()
	if _, err := e.api.ContainerStart(ctx, id, docker.ContainerStartOptions{}); err != nil {
		return nil, faultf(runnerapi.ImageMissing, "The image %s cannot run a script: %w", b.image, err)
	}
	for i := range j.step.Services {
		if err := b.serve(ctx, &j.step.Services[i]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// host is what all containers of a step have in common. Memory is in MiB, cpu in thousandths of a processor.
func (e *engine) host(network string, memory, cpu int) *container.HostConfig {
	processes := int64(mostProcesses)
	if e.processors > 0 {
		cpu = min(cpu, e.processors*1000) // engines refuse more than there are
	}
	h := &container.HostConfig{
		NetworkMode: container.NetworkMode(network), CapDrop: []string{"ALL"}, CapAdd: capabilities, SecurityOpt: []string{"no-new-privileges"},
		LogConfig: container.LogConfig{Type: "none"}, ShmSize: sharedMemory, RestartPolicy: container.RestartPolicy{Name: "no"},
		Resources: container.Resources{PidsLimit: &processes, NanoCPUs: int64(cpu) * 1e6},
	}
	if memory > 0 {
		h.Memory = int64(memory) << 20
		h.MemorySwap = h.Memory // no swap beside it
	}
	return h
}

// create makes a container that ends with the box.
func (b *engineBox) create(ctx context.Context, config *container.Config, host *container.HostConfig) (string, error) {
	made, err := b.engine.api.ContainerCreate(ctx, docker.ContainerCreateOptions{Config: config, HostConfig: host})
	if err != nil {
		return "", faultf(runnerapi.RunnerFault, "The container engine cannot make a container of %s: %w", config.Image, err)
	}
	b.containers = append(b.containers, made.ID)
	return made.ID, nil
}

// fetchImage pulls an image, unless it is there.
func (e *engine) fetchImage(ctx context.Context, j *job, image runnerapi.Image) error {
	name := j.fill(image.Name)
	if _, err := e.api.ImageInspect(ctx, name); err == nil && image.Username == "" {
		return nil
	}
	fmt.Fprintf(j.out, "Pulling %s\n", name)
	var options docker.ImagePullOptions
	if image.Username != "" {
		text, err := json.Marshal(registry.AuthConfig{Username: j.fill(image.Username), Password: j.fill(image.Password)})
		if err != nil {
			return err
		}
		options.RegistryAuth = base64.URLEncoding.EncodeToString(text)
	}
	pulled, err := e.api.ImagePull(ctx, name, options)
	if err == nil {
		err = pulled.Wait(ctx)
	}
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return faultf(runnerapi.ImageMissing, "The image %s cannot be pulled: %w", name, err)
	}
	return nil
}

// look is what of an image a step needs to know: how the engine calls it, and the home directory of its user.
func (e *engine) look(ctx context.Context, name string, image runnerapi.Image) (id, home string, err error) {
	i, err := e.api.ImageInspect(ctx, name)
	if err != nil {
		return "", "", faultf(runnerapi.ImageMissing, "The image %s is not there: %w", name, err)
	}
	home = "/root"
	if i.Config != nil {
		for _, v := range i.Config.Env {
			if value, ok := strings.CutPrefix(v, "HOME="); ok {
				home = value
			}
		}
	}
	return name, home, nil
}

// putFiles lays the files of the job into the container.
func (b *engineBox) putFiles(ctx context.Context, id string) error {
	var text bytes.Buffer
	t := tar.NewWriter(&text)
	at := strings.TrimPrefix(agentInside, "/")
	_ = t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: at + "/", Mode: 0o777})
	for name, content := range b.job.files() {
		mode := int64(0o644)
		if name == "variables" {
			mode = 0o666
		}
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: at + "/" + name, Mode: mode, Size: int64(len(content))}); err != nil {
			return err
		}
		if _, err := t.Write(content); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	_, err := b.engine.api.CopyToContainer(ctx, id, docker.CopyToContainerOptions{DestinationPath: "/", Content: &text})
	return err
}

// serve starts a service in the network of the step.
func (b *engineBox) serve(ctx context.Context, s *runnerapi.Service) error {
	e, j := b.engine, b.job
	if err := e.fetchImage(ctx, j, s.Image); err != nil {
		return err
	}
	values := j.variables()
	env := map[string]string{}
	for _, v := range s.Variables {
		env[v.Name] = expand(v.Value, func(name string) string { return values[name] })
	}
	config := &container.Config{Image: j.fill(s.Image.Name), Env: asEnvironment(env), AttachStdout: true, AttachStderr: true, Labels: e.labels()}
	if s.Image.User != nil {
		config.User = fmt.Sprint(*s.Image.User)
	}
	id, err := b.create(ctx, config, e.host("container:"+b.containers[0], s.Memory, 0))
	if err != nil {
		return err
	}
	attached, err := e.api.ContainerAttach(context.WithoutCancel(ctx), id, docker.ContainerAttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return faultf(runnerapi.ServiceFailed, "The container engine does not connect to the service %s: %w", s.Name, err)
	}
	log := newLog(context.WithoutCancel(ctx), j.runner.client, j.step.UUID, s.UUID)
	masker := NewMasker(log, j.walled)
	b.services.Go(func() {
		_, _ = stdcopy.StdCopy(masker, masker, attached.Reader)
		_ = masker.Close()
		_ = log.Close()
		attached.Close()
	})
	if _, err := e.api.ContainerStart(ctx, id, docker.ContainerStartOptions{}); err != nil {
		return faultf(runnerapi.ServiceFailed, "The service %s does not start: %w", s.Name, err)
	}
	fmt.Fprintf(j.out, "Service %s is there\n", s.Name)
	return nil
}

func (b *engineBox) streams() (io.Writer, io.Reader, io.Reader) {
	return b.attached.Conn, b.out, b.reports
}

func (b *engineBox) wait() (int, error) { return b.engine.wait(b.containers[0], b.job.memory()) }

// wait waits for a container to end by itself or by others.
func (e *engine) wait(id string, memory int) (int, error) {
	w := e.api.ContainerWait(context.Background(), id, docker.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	var code int64
	select {
	case r := <-w.Result:
		code = r.StatusCode
	case err := <-w.Error:
		return 0, faultf(runnerapi.Killed, "The container of the step is gone: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	i, err := e.api.ContainerInspect(ctx, id, docker.ContainerInspectOptions{})
	switch {
	case err != nil:
		return 0, faultf(runnerapi.Killed, "The container of the step is gone: %w", err)
	case i.Container.State != nil && i.Container.State.OOMKilled:
		return int(code), outOfMemory(memory)
	}
	return int(code), nil
}

func outOfMemory(memory int) error {
	return faultf(runnerapi.OutOfMemory, "The step needed more than its %d MiB of memory. Give it more with size, or its services less.", memory)
}

func (b *engineBox) pipe(ctx context.Context, p *runnerapi.Pipe, variables []string, out io.Writer) (int, error) {
	return b.engine.runPipe(ctx, b.job, p, variables, b.containers[0], out)
}

// runPipe runs a container with the clone to its end, in the network of the container beside, where there is one.
func (e *engine) runPipe(ctx context.Context, j *job, p *runnerapi.Pipe, variables []string, beside string, out io.Writer) (int, error) {
	if err := e.fetchImage(ctx, j, runnerapi.Image{Name: p.Image}); err != nil {
		return 0, err
	}
	values := j.variables()
	values["BITBUCKET_CLONE_DIR"] = cloneInside
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		values[name] = value
	}
	network := e.config.Network
	if beside != "" {
		network = "container:" + beside
	} else if network == OwnNetwork {
		network = "" // it is alone
	}
	host := e.host(network, j.step.Memory, j.step.CPU)
	host.Mounts = []mount.Mount{{Type: mount.TypeBind, Source: j.path("build"), Target: cloneInside}}
	config := &container.Config{Image: j.fill(p.Image), Env: asEnvironment(values), WorkingDir: cloneInside, AttachStdout: true, AttachStderr: true, Labels: e.labels()}
	made, err := e.api.ContainerCreate(ctx, docker.ContainerCreateOptions{Config: config, HostConfig: host})
	if err != nil {
		return 0, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		_ = e.remove(ctx, made.ID)
	}()
	defer context.AfterFunc(ctx, func() {
		_, _ = e.api.ContainerKill(context.Background(), made.ID, docker.ContainerKillOptions{Signal: "KILL"})
	})()
	attached, err := e.api.ContainerAttach(context.WithoutCancel(ctx), made.ID, docker.ContainerAttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return 0, err
	}
	defer attached.Close()
	copied := make(chan struct{})
	go func() { defer close(copied); _, _ = stdcopy.StdCopy(out, out, attached.Reader) }()
	if _, err := e.api.ContainerStart(ctx, made.ID, docker.ContainerStartOptions{}); err != nil {
		return 0, err
	}
	code, err := e.wait(made.ID, j.step.Memory)
	<-copied
	return code, err
}

// inside is a path of the container.
func (b *engineBox) inside(p string) string {
	if rest, ok := strings.CutPrefix(p, "~"); ok {
		return path.Join(b.home, rest)
	}
	return path.Clean("/" + p)
}

// restore turns an Archive into the tar file that the engine takes, with the directories that lead to it.
func (b *engineBox) restore(ctx context.Context, p string, archive io.Reader) error {
	dir := strings.TrimPrefix(b.inside(p), "/")
	r, w := io.Pipe()
	go func() {
		t := tar.NewWriter(w)
		for i := range len(dir) + 1 {
			if i == len(dir) || dir[i] == '/' {
				_ = t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir[:i] + "/", Mode: 0o755})
			}
		}
		err := eachEntry(archive, func(h *tar.Header, name string, r io.Reader) error {
			out := &tar.Header{Typeflag: h.Typeflag, Name: dir + "/" + name, Linkname: h.Linkname, Mode: h.Mode & 0o777, Size: h.Size, ModTime: h.ModTime}
			switch h.Typeflag {
			case tar.TypeDir:
				out.Name += "/"
			case tar.TypeLink:
				out.Linkname = dir + "/" + h.Linkname
			}
			if u := b.job.step.Image.User; u != nil {
				out.Uid = *u
			}
			if err := t.WriteHeader(out); err != nil {
				return err
			}
			_, err := io.Copy(t, r)
			return err
		})
		_ = w.CloseWithError(errors.Join(err, t.Close()))
	}()
	_, err := b.engine.api.CopyToContainer(ctx, b.containers[0], docker.CopyToContainerOptions{DestinationPath: "/", Content: r, CopyUIDGID: true})
	_ = r.CloseWithError(err)
	return err
}

// save turns the tar file that the engine gives into an Archive.
func (b *engineBox) save(ctx context.Context, p string, archive io.Writer) error {
	got, err := b.engine.api.CopyFromContainer(ctx, b.containers[0], docker.CopyFromContainerOptions{SourcePath: b.inside(p)})
	if errdefs.IsNotFound(err) {
		return errNothing
	}
	if err != nil {
		return err
	}
	defer got.Content.Close()
	z, err := gzip.NewWriterLevel(archive, level)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for in := tar.NewReader(got.Content); ; {
		h, err := in.Next()
		if err == io.EOF {
			return errors.Join(t.Close(), z.Close())
		}
		if err != nil {
			return err
		}
		_, name, _ := strings.Cut(path.Clean(h.Name), "/") // the first part is that of the directory itself
		if name == "" {
			continue
		}
		switch h.Typeflag {
		case tar.TypeDir:
			name += "/"
		case tar.TypeReg, tar.TypeSymlink:
		case tar.TypeLink:
			_, h.Linkname, _ = strings.Cut(path.Clean(h.Linkname), "/")
		default:
			continue
		}
		if err := t.WriteHeader(&tar.Header{Typeflag: h.Typeflag, Name: name, Linkname: h.Linkname, Mode: h.Mode & 0o777, Size: h.Size, ModTime: h.ModTime}); err != nil {
			return err
		}
		if _, err := io.Copy(t, in); err != nil {
			return err
		}
	}
}

func (b *engineBox) read(ctx context.Context, name string, limit int64) ([]byte, error) {
	got, err := b.engine.api.CopyFromContainer(ctx, b.containers[0], docker.CopyFromContainerOptions{SourcePath: agentInside + "/" + name})
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer got.Content.Close()
	t := tar.NewReader(got.Content)
	h, err := t.Next()
	if err != nil || h.Typeflag != tar.TypeReg {
		return nil, err
	}
	if h.Size > limit {
		return nil, fmt.Errorf("%s is larger than %d octets", name, limit)
	}
	return io.ReadAll(t)
}

func (b *engineBox) kill() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, id := range b.containers {
		_, _ = b.engine.api.ContainerKill(ctx, id, docker.ContainerKillOptions{Signal: "KILL"})
	}
}

func (b *engineBox) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var all error
	for i := len(b.containers) - 1; i >= 0; i-- { // services stand in the network of the first
		all = errors.Join(all, b.engine.remove(ctx, b.containers[i]))
	}
	if b.attached.Conn != nil {
		b.attached.Close()
	}
	b.services.Wait()
	if b.network != "" {
		_, err := b.engine.api.NetworkRemove(ctx, b.network, docker.NetworkRemoveOptions{})
		all = errors.Join(all, err)
	}
	return all
}

// giveClone makes a user of the container the owner of the clone.
func (j *job) giveClone(user int) error {
	if os.Geteuid() != 0 {
		return os.Chmod(j.path("build"), 0o777)
	}
	return giveTree(j.build, user)
}
