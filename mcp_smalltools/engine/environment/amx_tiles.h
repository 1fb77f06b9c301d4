// Included before each C++ file of llama.cpp where it is compiled for this machine.
//
// The intrinsic that loads the configuration of Intel's AMX tiles tells the compiler of its first eight bytes only;
// GCC leaves the stores to the rest out, and the next tile instruction ends the process (llama.cpp, pull request
// 26954). This one tells of all 64 bytes. The symbol says to the engine that the library has it.
#if defined(__AMX_TILE__) && defined(__cplusplus)
#include <immintrin.h>
#undef _tile_loadconfig
#define _tile_loadconfig(config) __asm__ volatile("ldtilecfg %0" ::"m"(*(const char(*)[64])(config)))
extern "C" {
__attribute__((weak, used, visibility("default"))) extern const int smalltools_amx_tiles;
const int smalltools_amx_tiles = 1;
}
#endif
