package pim

import "cradle/valuebag"

func messageObj(pid uint32) valuebag.PropertyKey {
	return valuebag.PropertyKey{FmtID: valuebag.WPDCommonInformationSubject.FmtID, PID: pid}
}

func calendarObj(pid uint32) valuebag.PropertyKey {
	return valuebag.PropertyKey{FmtID: valuebag.WPDAppointmentLocation.FmtID, PID: pid}
}

func taskObj(pid uint32) valuebag.PropertyKey {
	return valuebag.PropertyKey{FmtID: valuebag.WPDTaskStatus.FmtID, PID: pid}
}

// Keys of device services that Windows Portable Devices has no name for (MTP Device
// Services, MessageObj, CalendarObj and TaskObj). Dates are text: 2026-06-01 as 20260601,
// times as 20260601T080000Z, a time of day as 100000.0.
var (
	MessageObjCategory                = messageObj(10) // String: categories, parted by ;
	MessageObjSender                  = messageObj(18) // String: the organizer
	MessageObjPatternOriginalDateTime = messageObj(26) // String, UTC: which occurrence was changed
	MessageObjPatternType             = messageObj(27) // UInt32: 1 daily, 2 weekly, 3 monthly, 4 yearly
	MessageObjPatternValidStartDate   = messageObj(28) // String: date of the first occurrence
	MessageObjPatternValidEndDate     = messageObj(29) // String: date of the last; absent: for ever
	MessageObjPatternPeriod           = messageObj(31) // UInt32: each nth
	MessageObjPatternDayOfWeek        = messageObj(32) // UInt16: Sunday 1, Monday 2, … Saturday 0x40
	MessageObjPatternDayOfMonth       = messageObj(33) // UInt8: 1 to 31; beyond the month's end its last day
	MessageObjPatternMonthOfYear      = messageObj(34) // UInt8: 1 to 12
	MessageObjPatternInstance         = messageObj(35) // UInt8: which of the days of the week in the month; 5 the last
	MessageObjPatternDeleteDates      = messageObj(36) // String: dates that don't happen, parted by ;

	CalendarObjTimeZone         = calendarObj(14) // String: a name of the tz database
	CalendarObjReminderOffset   = calendarObj(15) // UInt32: minutes before the start
	CalendarObjBusyStatus       = calendarObj(16) // UInt16: 0 free, 1 busy, 2 out of office, 3 tentative
	CalendarObjPatternStartTime = calendarObj(17) // String: time of day of each occurrence
	CalendarObjPatternDuration  = calendarObj(18) // UInt32: minutes
	CalendarObjBeginDateTime    = calendarObj(19) // String, UTC
	CalendarObjEndDateTime      = calendarObj(20) // String, UTC

	TaskObjReminderDateTime = taskObj(13) // String
	TaskObjComplete         = taskObj(14) // UInt8: 0 open, 0xff done
	TaskObjBeginDate        = taskObj(15) // String: a date
	TaskObjEndDate          = taskObj(16) // String: the date that it is due
)

// ServiceKeys names these keys as the headers of the services do, with the type that they
// have in a view.
var ServiceKeys = []struct {
	Key  valuebag.PropertyKey
	Name string
	Type valuebag.Type
}{
	{MessageObjCategory, "MessageObj.Category", valuebag.TypeString},
	{MessageObjSender, "MessageObj.Sender", valuebag.TypeString},
	{MessageObjPatternOriginalDateTime, "MessageObj.PatternOriginalDateTime", valuebag.TypeString},
	{MessageObjPatternType, "MessageObj.PatternType", valuebag.TypeUint32},
	{MessageObjPatternValidStartDate, "MessageObj.PatternValidStartDate", valuebag.TypeString},
	{MessageObjPatternValidEndDate, "MessageObj.PatternValidEndDate", valuebag.TypeString},
	{MessageObjPatternPeriod, "MessageObj.PatternPeriod", valuebag.TypeUint32},
	{MessageObjPatternDayOfWeek, "MessageObj.PatternDayOfWeek", valuebag.TypeUint16},
	{MessageObjPatternDayOfMonth, "MessageObj.PatternDayOfMonth", valuebag.TypeUint8},
	{MessageObjPatternMonthOfYear, "MessageObj.PatternMonthOfYear", valuebag.TypeUint8},
	{MessageObjPatternInstance, "MessageObj.PatternInstance", valuebag.TypeUint8},
	{MessageObjPatternDeleteDates, "MessageObj.PatternDeleteDates", valuebag.TypeString},
	{CalendarObjTimeZone, "CalendarObj.TimeZone", valuebag.TypeString},
	{CalendarObjReminderOffset, "CalendarObj.ReminderOffset", valuebag.TypeUint32},
	{CalendarObjBusyStatus, "CalendarObj.BusyStatus", valuebag.TypeUint16},
	{CalendarObjPatternStartTime, "CalendarObj.PatternStartTime", valuebag.TypeString},
	{CalendarObjPatternDuration, "CalendarObj.PatternDuration", valuebag.TypeUint32},
	{CalendarObjBeginDateTime, "CalendarObj.BeginDateTime", valuebag.TypeString},
	{CalendarObjEndDateTime, "CalendarObj.EndDateTime", valuebag.TypeString},
	{TaskObjReminderDateTime, "TaskObj.ReminderDateTime", valuebag.TypeString},
	{TaskObjComplete, "TaskObj.Complete", valuebag.TypeUint8},
	{TaskObjBeginDate, "TaskObj.BeginDate", valuebag.TypeString},
	{TaskObjEndDate, "TaskObj.EndDate", valuebag.TypeString},
}
