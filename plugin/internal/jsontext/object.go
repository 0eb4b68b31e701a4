package jsontext

import "github.com/tidwall/gjson"

// An Object is a JSON object taken apart once, its members in their order.
// gjson decodes a member's text each time it passes it, so looking up one name
// after another in the raw text costs as many readings of all the others.
type Object []Field

// A Field is one member of an Object.
type Field struct {
	Name  string
	Value gjson.Result
}

// Fields takes an object apart; of anything else it returns nil. It keeps at
// most limit members: the caller knows of a fewer that may be there, so that
// the last one shows the mistake.
func Fields(object gjson.Result, limit int) (fields Object) {
	if !object.IsObject() {
		return nil
	}
	fields = make(Object, 0, 4) // as many as most have
	object.ForEach(func(key, value gjson.Result) bool {
		fields = append(fields, Field{key.Str, value})
		return len(fields) < limit
	})
	return fields
}

// Get returns the value of the first member called name, or a value that does
// not exist. Unlike gjson's Get it takes no path: a foreign name is only a name.
func (o Object) Get(name string) gjson.Result {
	for i := range o {
		if o[i].Name == name {
			return o[i].Value
		}
	}
	return gjson.Result{}
}

// Member returns one member of an object, as Fields and Get do.
func Member(object gjson.Result, name string) gjson.Result {
	value, _ := Once(object, name)
	return value
}

// Once returns one member of an object, and whether it stands there twice: JSON
// leaves open which of two counts.
func Once(object gjson.Result, name string) (value gjson.Result, twice bool) {
	if !object.IsObject() {
		return value, false
	}
	object.ForEach(func(key, v gjson.Result) bool {
		if key.Str == name {
			if twice = value.Exists(); !twice {
				value = v
			}
		}
		return !twice
	})
	return value, twice
}

// Strings returns the elements of an array of strings; of anything else, none.
func Strings(array gjson.Result) (list []string) {
	if !array.IsArray() {
		return nil
	}
	array.ForEach(func(_, element gjson.Result) bool {
		list = append(list, Text(element))
		return true
	})
	return list
}

// Text returns a string's characters, a number or truth value as it is written,
// and of anything else nothing. gjson's own String brings the formatting of
// floating-point numbers along.
func Text(value gjson.Result) string {
	switch value.Type {
	case gjson.String:
		return value.Str
	case gjson.Number, gjson.True, gjson.False:
		return value.Raw
	}
	return ""
}
