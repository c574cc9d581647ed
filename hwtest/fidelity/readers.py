"""What third-party readers find in calendar and contact files.

Reads file names from standard input, a line each, and writes one line of JSON for
each reader: {"reader", "version"} or {"reader", "absent": why}, then one for each
file and reader: {"reader", "file", "objects": [[component, UID], ...], "error"}.
Each file is read in a process of its own: a reader that crashes or hangs loses
that file and no other. libical and its vCalendar reader are called by ctypes.
"""
import ctypes
import ctypes.util
import json
import logging
import multiprocessing
import sys
import warnings

ENTRIES = ("VCARD", "VEVENT", "VTODO", "VJOURNAL", "VNOTE")
TIMEOUT = 3  # seconds a file
ANY = 1  # ICAL_ANY_COMPONENT


def text_of(data):
    for encoding in ("utf-8-sig", "latin-1"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass


def load_vobject():
    import vobject
    from importlib import metadata
    logging.disable(logging.CRITICAL)

    def walk(c, found):
        name = (c.name or "").upper()
        if name in ENTRIES:
            uid = getattr(c, "uid", None)
            found.append([name, str(uid.value) if uid is not None else ""])
            return
        for child in c.components():
            walk(child, found)

    def read(data, found):
        for c in vobject.readComponents(text_of(data), ignoreUnreadable=True, allowQP=True):
            walk(c, found)
    return metadata.version("vobject"), read


def load_icalendar():
    import icalendar

    def read(data, found):
        for c in icalendar.Calendar.from_ical(data, multiple=True):
            for e in c.walk():
                if e.name in ENTRIES:
                    found.append([e.name, str(e.get("UID", ""))])
    return icalendar.__version__, read


def library(name):
    path = ctypes.util.find_library(name)
    if path is None:
        raise ImportError("no lib%s" % name)
    return ctypes.CDLL(path)


def ical_functions():
    lib = library("ical")
    p = ctypes.c_void_p
    for name, result, args in (
            ("icalparser_parse_string", p, [ctypes.c_char_p]),
            ("icalcomponent_get_first_component", p, [p, ctypes.c_int]),
            ("icalcomponent_get_next_component", p, [p, ctypes.c_int]),
            ("icalcomponent_isa", ctypes.c_int, [p]),
            ("icalcomponent_kind_to_string", ctypes.c_char_p, [ctypes.c_int]),
            ("icalcomponent_get_uid", ctypes.c_char_p, [p])):
        f = getattr(lib, name)
        f.restype, f.argtypes = result, args
    return lib


def ical_walk(lib, c, found):
    name = (lib.icalcomponent_kind_to_string(lib.icalcomponent_isa(c)) or b"").decode()
    if name in ENTRIES:
        found.append([name, (lib.icalcomponent_get_uid(c) or b"").decode("utf-8", "replace")])
        return
    children = []
    child = lib.icalcomponent_get_first_component(c, ANY)
    while child:
        children.append(child)
        child = lib.icalcomponent_get_next_component(c, ANY)
    for child in children:
        ical_walk(lib, child, found)


def load_libical():
    lib = ical_functions()
    version = ctypes.util.find_library("ical")

    def read(data, found):
        c = lib.icalparser_parse_string(data)
        if c:
            ical_walk(lib, c, found)
    return version, read


def load_versit():
    """The vCard 2.1 and vCalendar 1.0 reader that comes with libical."""
    lib = library("icalvcal")
    p = ctypes.c_void_p
    for name, result, args in (
            ("Parse_MIME", p, [ctypes.c_char_p, ctypes.c_ulong]),
            ("nextVObjectInList", p, [p]),
            ("vObjectName", ctypes.c_char_p, [p]),
            ("isAPropertyOf", p, [p, ctypes.c_char_p]),
            ("vObjectUStringZValue", p, [p])):
        f = getattr(lib, name)
        f.restype, f.argtypes = result, args
    class Iterator(ctypes.Structure):
        _fields_ = [("start", p), ("next", p)]
    lib.initPropIterator.argtypes = [ctypes.POINTER(Iterator), p]
    lib.moreIteration.argtypes = [ctypes.POINTER(Iterator)]
    lib.nextVObject.argtypes, lib.nextVObject.restype = [ctypes.POINTER(Iterator)], p

    def walk(o, found):
        name = (lib.vObjectName(o) or b"").decode("latin-1").upper()
        if name in ENTRIES:
            found.append([name, ""])
            return
        it = Iterator()
        lib.initPropIterator(ctypes.byref(it), o)
        while lib.moreIteration(ctypes.byref(it)):
            walk(lib.nextVObject(ctypes.byref(it)), found)

    def read(data, found):
        o = lib.Parse_MIME(data, len(data))
        while o:
            walk(o, found)
            o = lib.nextVObjectInList(o)
    return ctypes.util.find_library("icalvcal"), read


READERS = (("vobject", load_vobject), ("icalendar", load_icalendar), ("libical", load_libical), ("versit", load_versit))


def child(read, name, pipe):
    found, error = [], ""
    try:
        with open(name, "rb") as f:
            read(f.read(), found)
    except Exception as e:
        error = "%s: %s" % (type(e).__name__, e)
    pipe.send((found, error[:200]))
    pipe.close()


def one(read, name):
    ours, theirs = multiprocessing.Pipe(False)
    p = multiprocessing.Process(target=child, args=(read, name, theirs))
    p.start()
    theirs.close()
    found, error = [], "crashed"
    try:
        if ours.poll(TIMEOUT):
            found, error = ours.recv()
        else:
            error = "hangs"
    except EOFError:
        pass
    p.kill()
    p.join()
    return found, error


def main():
    warnings.simplefilter("ignore")
    multiprocessing.set_start_method("fork")
    files = [line.rstrip("\n") for line in sys.stdin]
    for reader, load in READERS:
        try:
            version, read = load()
        except (ImportError, AttributeError, OSError) as e:
            print(json.dumps({"reader": reader, "absent": str(e)}), flush=True)
            continue
        print(json.dumps({"reader": reader, "version": version}), flush=True)
        for name in files:
            found, error = one(read, name)
            print(json.dumps({"reader": reader, "file": name, "objects": found, "error": error}), flush=True)


main()
