/* What the core computes on a host, as FNV-1a digests of bits: golden.rs asserts it of the host, test.c of the device. */
#ifndef EXPECTED_H
#define EXPECTED_H

#define ARGMAX_5_GRADIENTS 0x45777595u
#define ARGMAX_5_WEIGHTS 0x05F691C9u
#define GRID_12_GRADIENTS 0x9DF4A3C8u
#define GRID_12_WEIGHTS 0x7366888Eu
#define RANKING_20_GRADIENTS 0x5A9A0862u
#define RANKING_20_WEIGHTS 0x3B585087u
#define RANKING_6_FILE 0x1907D1FFu
#define RANKING_6_GRADIENTS 0x9DB8F6E8u
#define RANKING_6_WEIGHTS 0xF6399339u
#define TOP_3_OF_7_GRADIENTS 0x6F2A6935u
#define TOP_3_OF_7_WEIGHTS 0x9A0056D4u

#endif
