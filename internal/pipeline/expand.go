package pipeline

import "os"

// expand fills in the variables that a value names as $NAME or ${NAME}; one that there is not is empty.
func expand(value string, variables map[string]string) string {
	return os.Expand(value, func(name string) string { return variables[name] })
}
