// Package config reads the person's settings: one TOML file with a table for each
// phone.
//
// The file is decoded into raw tables and checked as it is read: a word that isn't
// known, or a value that can't be, is an error that names its line. A setting that a
// table leaves out is taken from a less specific one; Config.Phone joins them.
//
// A further setting is a field of Phone with a toml name, of a type whose zero value
// says "left out" and whose UnmarshalText refuses bad values; a line in Phone.over;
// and its description in docs/config.toml, which a test reads.
package config
