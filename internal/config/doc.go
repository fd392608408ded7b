// Package config is what `pail serve` can be told, and how: a flag, else a PAIL_* variable, else a key of the YAML
// file, else the default.
//
//	settings.go  the one table of settings; names of variables and flags follow from the key
//	kinds.go     kinds of values: how each is read, written and described
//	config.go    Config, Bind and Load
//	file.go      the YAML file as a flat list of keys
//	check.go     what must hold between settings
//	print.go     the effective configuration, as a file that can be loaded again
//	nearest.go   the name that was probably meant
//
// Load reports every mistake at once, and for each where it stands, what was expected and what was probably meant.
// The package opens nothing but the file: whether a certificate can be read or a database reached is for those who
// use it.
package config
