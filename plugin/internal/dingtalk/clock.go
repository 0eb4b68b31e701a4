package dingtalk

// MinValidTime is the day this version was written, 2026-11-21 00:00 UTC, in Unix
// milliseconds. No right clock stands before it.
const MinValidTime int64 = 1795219200000

// stopped reports whether the host's clock cannot be right. extism/go-sdk shows
// a plugin 2022-01-01 unless its embedder asks for the real time
// (https://pkg.go.dev/github.com/tetratelabs/wazero#ModuleConfig).
func stopped(millis int64) bool { return millis < MinValidTime }

// clockError names a stopped clock instead of sending a signature that
// DingTalk must refuse.
func clockError(millis int64) *Error {
	return &Error{
		Reason:  ReasonClock,
		Message: "The message was not sent: the host shows the plugin the date " + date(millis) + ", and DingTalk refuses a signature whose time is more than an hour off.",
		Advice:  "Set the host's clock; a host written in Go with extism/go-sdk must pass a ModuleConfig with WithSysWalltime().",
	}
}

// date formats the day of a Unix time in milliseconds as YYYY-MM-DD, after
// https://howardhinnant.github.io/date_algorithms.html#civil_from_days; package
// time's formatting is ten times the code.
func date(millis int64) string {
	days := millis/86400000 + 719468
	era := days / 146097
	dayOfEra := days - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	month := (5*dayOfYear + 2) / 153
	day := dayOfYear - (153*month+2)/5 + 1
	year := yearOfEra + era*400
	if month += 3; month > 12 {
		month -= 12
		year++
	}
	return digits(year, 4) + "-" + digits(month, 2) + "-" + digits(day, 2)
}

func digits(n int64, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return string(b)
}
