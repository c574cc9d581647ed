package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("o", filepath.Join("docs", "fidelity.md"), "write the table into this `file`")
	interpreter := flag.String("python", "/usr/bin/python3", "the Python that has Debian's packages")
	flag.Parse()
	if err := run(*out, *interpreter); err != nil {
		fmt.Fprintln(os.Stderr, "fidelity:", err)
		os.Exit(1)
	}
}

func run(out, interpreter string) error {
	dir := corpusDir(".")
	if _, err := os.Stat(filepath.Join(dir, "vcard")); err != nil {
		return fmt.Errorf("no corpus in %s; set CRADLE_CORPUS to a folder with vcard and ical in it", dir)
	}
	files, err := readCorpus(dir)
	if err != nil {
		return err
	}
	others, err := python(interpreter, files)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.absent != "" {
			fmt.Fprintf(os.Stderr, "fidelity: left out: %s (%s); install python3-vobject, python3-icalendar and libical3\n", o.name, o.absent)
		}
	}
	res := measure(files, others)
	for _, f := range res.findings {
		fmt.Fprintln(os.Stderr, "fidelity: "+f)
	}
	if err := os.WriteFile(out, document(res), 0o644); err != nil {
		return err
	}
	if n := len(res.findings); n > 0 {
		return fmt.Errorf("%d losses; %s has the table", n, out)
	}
	fmt.Printf("%s: nothing lost in %d files\n", out, len(files))
	return nil
}
