// QEMU without a window leaves the C library's locale at "C", and then its usb-mtp
// names every file that isn't ASCII "Oops". Preloaded, this sets a locale that knows
// the names.
#include <locale.h>

__attribute__((constructor)) static void choose(void) { setlocale(LC_CTYPE, "C.UTF-8"); }
