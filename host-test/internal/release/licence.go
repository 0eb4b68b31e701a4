package release

import (
	_ "embed"
	"errors"
	"strings"
)

// A Licence is under what terms code may go out. The text goes along, because
// the terms ask for it.
type Licence struct {
	ID   string // of SPDX
	Text string
}

// What is linked without being a module: TinyGo's releases and Debian's Go come
// without these texts.
var (
	//go:embed licenses/go.txt
	goLicence string
	//go:embed licenses/tinygo.txt
	tinygoLicence string
)

// known are the licences that recognise tells apart, each by words that no other
// one has all of.
var known = []struct {
	id    string
	words []string
}{
	{"MIT", []string{
		"Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation",
	}},
	{"BSD-3-Clause", []string{
		"Redistribution and use in source and binary forms, with or without modification, are permitted",
		"endorse or promote products derived from this software",
	}},
}

// recognise tells a licence by its text, so that one that a dependency takes in a
// later version is noticed.
func recognise(text string) (Licence, error) {
	flat := strings.Join(strings.Fields(text), " ")
	for _, licence := range known {
		if containsAll(flat, licence.words) {
			return Licence{licence.id, text}, nil
		}
	}
	return Licence{}, errors.New("its licence is none that is known here: read it, and add it to licence.go if it is good to ship under")
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
