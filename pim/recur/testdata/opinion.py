# A second opinion on recurrence rules. Each line of standard input is a JSON object
# {"rule": …, "start": "20260101T090000", "n": 10}; each line of standard output has what
# python-dateutil and libical make of it: {"dateutil": ["20260101T090000", …], "libical": […]}.
# One that isn't installed is null; "error" stands for a rule that it refuses.
import calendar, ctypes, ctypes.util, datetime, json, sys

try:
    from dateutil import rrule
except ImportError:
    rrule = None

ical = None
name = ctypes.util.find_library("ical")
if name:
    try:
        ical = ctypes.CDLL(name)
        ical.icalrecur_expand_recurrence.argtypes = [
            ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.POINTER(ctypes.c_long)]
        ical.icalrecur_expand_recurrence.restype = ctypes.c_int
    except (OSError, AttributeError):
        ical = None

FORM = "%Y%m%dT%H%M%S"


def by_dateutil(q, start):
    try:
        it = iter(rrule.rrulestr(q["rule"], dtstart=start))
        out = []
        for t in it:
            out.append(t.strftime("%Y").zfill(4) + t.strftime("%m%dT%H%M%S"))
            if len(out) == q["n"]:
                break
        return out
    except Exception as e:
        return ["error: %s" % e]


def by_libical(q, start):
    array = (ctypes.c_long * q["n"])()
    begin = calendar.timegm(start.timetuple())
    ical.icalrecur_expand_recurrence(q["rule"].encode(), begin, q["n"], array)
    out = []
    for v in array:
        if v == 0:
            break
        out.append((datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=v)).strftime(FORM))
    return out


for line in sys.stdin:
    q = json.loads(line)
    start = datetime.datetime.strptime(q["start"], FORM)
    # libical looks at every second of the years in which a fine rule gives nothing, and 3.0.16
    # ends with a signal over some negative weeks; "alone" is a rule over which it did otherwise.
    no = ("SECONDLY", "MINUTELY", "HOURLY", "BYWEEKNO=-", ",-") if "BYWEEKNO" in q["rule"] else (
        "SECONDLY", "MINUTELY", "HOURLY")
    print(json.dumps({
        "dateutil": by_dateutil(q, start) if rrule else None,
        "libical": by_libical(q, start) if ical and not q.get("alone") and not any(f in q["rule"] for f in no) else None,
    }))
