package runner

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/runnerapi"
)

// How a script and its job speak to each other. The driver is what runs in the box: it waits for a word, runs the script, says how it
// ended, and does the same with what follows it. All that they print goes to standard output. Standard error is the driver's, as
// descriptor 3, for lines to the job, and standard input, as descriptor 4, for lines from it:
//
//	from the job            to the job
//	go                                            everything is there: begin
//	                        oom COUNT             of processes that the kernel ended for want of memory
//	                        script EXIT
//	after                                         go on with after-script
//	end                                           there is nothing more to do
//	                        after EXIT
//	                        pipe NUMBER COUNT     and COUNT times NAME=VALUE, each with a NUL behind it: run that pipe
//	EXIT                                          of the pipe
//
// A step can write to both itself. It gets nothing by that: all that it can ask for is to run what its own file names.

// driver is the program of the box. It takes the directory with the files of the job (agent) and that of the clone. Where memory runs out,
// the kernel takes what the script runs, and not the driver, which can still say so.
const driver = `exec 3>&2 4<&0 2>&1 </dev/null
agent=$1
cd "$2" || exit 125
read -r word <&4 || exit 125
export BITBUCKET_PIPELINES_VARIABLES_PATH="$agent/variables"
if [ -f "$agent/id" ]; then
  mkdir -p "$HOME/.ssh" && chmod 700 "$HOME/.ssh"
  (umask 077 && cat "$agent/id" >"$HOME/.ssh/pipelines_id" && cat "$agent/known_hosts" >>"$HOME/.ssh/known_hosts" &&
    printf 'Host *\n  IdentityFile ~/.ssh/pipelines_id\n' >>"$HOME/.ssh/config")
  export BITBUCKET_SSH_KEY_FILE="$HOME/.ssh/pipelines_id"
  export GIT_SSH_COMMAND="ssh -i '$BITBUCKET_SSH_KEY_FILE' -o UserKnownHostsFile='$HOME/.ssh/known_hosts'"
fi
shell=sh
command -v bash >/dev/null 2>&1 && shell=bash
(
  { echo 500 >/proc/self/oom_score_adj; } 2>/dev/null
  exec "$shell" "$agent/script"
)
code=$?
for file in /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events; do
  if [ "$3" = contained ] && [ -r "$file" ]; then
    while read -r key value; do [ "$key" = oom_kill ] && echo "oom $value" >&3; done <"$file"
  fi
done
echo "script $code" >&3
if read -r word <&4 && [ "$word" = after ]; then
  BITBUCKET_EXIT_CODE=$code "$shell" "$agent/after"
  echo "after $?" >&3
fi
exit "$code"
`

// prelude is what a script can do beside its commands.
const prelude = `set -e
pail_pipe() {
  printf 'pipe %s %s\n' "$1" "$(($# - 1))" >&3
  shift
  for pail_value; do printf '%s\0' "$pail_value" >&3; done
  read -r pail_code <&4 || return 125
  return "$pail_code"
}
`

// scriptOf is the text of a script; pipes are numbered from the one that comes first.
func scriptOf(commands []runnerapi.Command, firstPipe int) string {
	var b strings.Builder
	b.WriteString(prelude)
	for _, c := range commands {
		if c.Pipe == nil {
			fmt.Fprintf(&b, "printf '+ %%s\\n' %s\neval %[1]s\n", quoted(c.Text))
			continue
		}
		fmt.Fprintf(&b, "printf '+ %%s\\n' %s\npail_pipe %d", quoted("pipe: "+c.Pipe.Name), firstPipe)
		for _, v := range c.Pipe.Variables {
			fmt.Fprintf(&b, " %s=%s", v.Name, expanded(v.Value))
		}
		b.WriteByte('\n')
		firstPipe++
	}
	return b.String()
}

// pipesOf are all pipes of a step, in the order of their numbers, and how many the script itself has.
func pipesOf(s *runnerapi.Step) (all []*runnerapi.Pipe, inScript int) {
	collect := func(commands []runnerapi.Command) {
		for i := range commands {
			if commands[i].Pipe != nil {
				all = append(all, commands[i].Pipe)
			}
		}
	}
	collect(s.Script)
	inScript = len(all)
	collect(s.After)
	return all, inScript
}

// quoted is a word of a shell that is text.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// expanded is a word of a shell that is text with the values of the variables in it, and nothing else that a shell would do.
func expanded(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\' || c == '`':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '$':
			if name, n := variableAt(text[i:]); n > 0 {
				b.WriteString("${" + name + "}")
				i += n - 1
			} else {
				b.WriteString(`\$`)
			}
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// expand is text with the values of variables in it.
func expand(text string, value func(name string) string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if name, n := variableAt(text[i:]); n > 0 {
			b.WriteString(value(name))
			i += n - 1
		} else {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// variableAt is the variable that a text begins with, as $NAME or ${NAME}, and how many octets that are; 0: it begins with none.
func variableAt(text string) (name string, n int) {
	if len(text) < 2 || text[0] != '$' {
		return "", 0
	}
	from := 1
	if text[1] == '{' {
		from = 2
	}
	to := from
	for to < len(text) && (text[to] == '_' || 'a' <= text[to]|0x20 && text[to]|0x20 <= 'z' || to > from && '0' <= text[to] && text[to] <= '9') {
		to++
	}
	switch name = text[from:to]; {
	case name == "":
		return "", 0
	case from == 1:
		return name, to
	case to < len(text) && text[to] == '}':
		return name, to + 1
	}
	return "", 0
}

// report is a line from a script.
type report struct {
	word   string   // oom, script, after or pipe
	number int      // the count, the exit code, or that of the pipe
	values []string // of a pipe: NAME=VALUE
}

// Limits of what a script may report, in numbers and octets.
const (
	mostValues = 1000
	mostValue  = 1 << 20
)

// readReports calls on for each report in r, until its end. What is no report is left out: a step can write what it likes here.
func readReports(r io.Reader, on func(report)) {
	b := bufio.NewReaderSize(r, 4096)
	for {
		line, err := b.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return
		}
		words := strings.Fields(string(line))
		if len(words) < 2 {
			continue
		}
		number, err := strconv.Atoi(words[1])
		if err != nil {
			continue
		}
		rep := report{word: words[0], number: number}
		if rep.word == "pipe" && len(words) == 3 {
			count, err := strconv.Atoi(words[2])
			if err != nil || count < 0 || count > mostValues {
				continue
			}
			size := 0
			for range count {
				value, ok := readValue(b, &size)
				if !ok {
					return
				}
				rep.values = append(rep.values, value)
			}
		}
		on(rep)
	}
}

// readValue reads up to a NUL. size counts what was read so far.
func readValue(b *bufio.Reader, size *int) (string, bool) {
	var value []byte
	for {
		c, err := b.ReadByte()
		if *size++; err != nil || *size > mostValue {
			return "", false
		}
		if c == 0 {
			return string(value), true
		}
		value = append(value, c)
	}
}
