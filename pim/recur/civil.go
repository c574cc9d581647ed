package recur

import "time"

// Wall clocks are seconds since 1970-01-01T00:00:00 on that clock, days are numbered from that
// day; both as int64, in the proleptic Gregorian calendar.

const (
	daySeconds = 24 * 60 * 60
	maxYear    = 9999
)

// lastWall is the last second of the year 9999.
var lastWall = civilDay(maxYear+1, 1, 1)*daySeconds - 1

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// civilDay numbers a day; the month is 1 to 12.
func civilDay(y, m, d int) int64 {
	if m <= 2 {
		y--
	}
	era := floorDiv(int64(y), 400)
	yoe := int64(y) - era*400
	mp := int64(m+9) % 12
	doy := (153*mp+2)/5 + int64(d) - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// civilDate is the inverse of civilDay.
func civilDate(day int64) (y, m, d int) {
	day += 719468
	era := floorDiv(day, 146097)
	doe := day - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = int(doy - (153*mp+2)/5 + 1)
	m = int(mp) + 3
	if m > 12 {
		m -= 12
	}
	y = int(yoe + era*400)
	if m <= 2 {
		y++
	}
	return y, m, d
}

func leap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

func yearLength(y int) int {
	if leap(y) {
		return 366
	}
	return 365
}

func monthLength(y, m int) int {
	switch m {
	case 2:
		if leap(y) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// weekday is 0 for Sunday to 6, as in time.Weekday.
func weekday(day int64) int { return int(((day+4)%7 + 7) % 7) }

// weekStart is the first day of the week that holds day.
func weekStart(day int64, wkst int) int64 {
	return day - int64((weekday(day)-wkst+7)%7)
}

// weekYearStart is the first day of week 1 of a year: the first week with four days in it.
func weekYearStart(y, wkst int) int64 { return weekStart(civilDay(y, 1, 4), wkst) }

// weekYear is the week year that holds day.
func weekYear(day int64, wkst int) int {
	y, _, _ := civilDate(day)
	switch {
	case day < weekYearStart(y, wkst):
		return y - 1
	case day >= weekYearStart(y+1, wkst):
		return y + 1
	}
	return y
}

func wallOf(t time.Time) int64 {
	y, m, d := t.Date()
	return civilDay(y, int(m), d)*daySeconds + int64(t.Hour()*3600+t.Minute()*60+t.Second())
}

func wallTime(wall int64) time.Time { return time.Unix(wall, 0).UTC() }
