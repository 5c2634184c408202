// SPDX-License-Identifier: MIT
#include "inspect/symbol.h"

#include "check.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <unistd.h>

static __attribute__((noinline)) int hidden_from_everybody(int value)
{
    __asm__ volatile("");
    return value + 1;
}

static void names(uintptr_t address, const char *expected)
{
    char name[64] = "";

    symbol_name(address, name, sizeof(name));
    CHECK_STR(name, expected);
}

TEST(symbol, a_static_function_has_a_name)
{
    CHECK_EQ(hidden_from_everybody(1), 2);
    names((uintptr_t)hidden_from_everybody, "hidden_from_everybody");
    names((uintptr_t)hidden_from_everybody + 1, "hidden_from_everybody"); /* and its inside */
}

TEST(symbol, a_function_of_a_shared_object_has_a_name)
{
    char name[64] = "";

    /* libc is stripped: what it exports is known to dladdr. */
    symbol_name((uintptr_t)&strtol, name, sizeof(name));
    CHECK(strstr(name, "strtol") != NULL || strncmp(name, "0x", 2) != 0);
}

TEST(symbol, what_has_no_name_is_its_address)
{
    int here = 0;
    char address[32];

    snprintf(address, sizeof(address), "%#zx", (size_t)&here);
    names((uintptr_t)&here, address);
    names(1, "0x1");
    names(0, "0");
}

TEST(symbol, a_name_is_cut)
{
    char name[8] = "";

    symbol_name((uintptr_t)hidden_from_everybody, name, sizeof(name));
    CHECK_STR(name, "hidden_");
}

/* ---- files that lie ------------------------------------------------------------------------- */

/* A file with one function, at 0x1000, 0x10 long. */
struct tiny {
    ElfW(Ehdr) header;
    ElfW(Shdr) sections[3];
    ElfW(Sym) symbols[2];
    char strings[16];
};

static struct tiny tiny(void)
{
    struct tiny tiny;

    memset(&tiny, 0, sizeof(tiny));
    memcpy(tiny.header.e_ident, ELFMAG, SELFMAG);
    tiny.header.e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    tiny.header.e_ehsize = sizeof(tiny.header);
    tiny.header.e_shentsize = sizeof(tiny.sections[0]);
    tiny.header.e_shnum = 3;
    tiny.header.e_shoff = offsetof(struct tiny, sections);
    tiny.sections[1].sh_type = SHT_SYMTAB;
    tiny.sections[1].sh_offset = offsetof(struct tiny, symbols);
    tiny.sections[1].sh_size = sizeof(tiny.symbols);
    tiny.sections[1].sh_link = 2;
    tiny.sections[2].sh_type = SHT_STRTAB;
    tiny.sections[2].sh_offset = offsetof(struct tiny, strings);
    tiny.sections[2].sh_size = sizeof(tiny.strings);
    tiny.symbols[1].st_name = 1;
    tiny.symbols[1].st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
    tiny.symbols[1].st_shndx = 1;
    tiny.symbols[1].st_value = 0x1000;
    tiny.symbols[1].st_size = 0x10;
    memcpy(tiny.strings, "\0work", 6);
    return tiny;
}

/* From memory of exactly that size: a sanitizer sees a read beyond it. */
static const char *find(const struct tiny *tiny, size_t size, uintptr_t address)
{
    static char name[32];
    unsigned char *bytes = malloc(size ? size : 1);

    memcpy(bytes, tiny, size);
    const char *found = symbol_find(&(struct symbol_file){bytes, size}, address);
    snprintf(name, sizeof(name), "%s", found ? found : "none");
    free(bytes);
    return name;
}

TEST(symbol, is_found_from_its_first_byte_to_its_last)
{
    struct tiny t = tiny();

    CHECK_STR(find(&t, sizeof(t), 0xfff), "none");
    CHECK_STR(find(&t, sizeof(t), 0x1000), "work");
    CHECK_STR(find(&t, sizeof(t), 0x100f), "work");
    CHECK_STR(find(&t, sizeof(t), 0x1010), "none");
    t.symbols[1].st_size = 0;
    CHECK_STR(find(&t, sizeof(t), 0x1000), "work"); /* hand-written assembly may tell no size */
    CHECK_STR(find(&t, sizeof(t), 0x1001), "none");
    t.symbols[1].st_info = ELF64_ST_INFO(STB_LOCAL, STT_OBJECT);
    CHECK_STR(find(&t, sizeof(t), 0x1000), "none");
}

TEST(symbol, a_file_that_is_cut_anywhere_is_no_harm)
{
    struct tiny t = tiny();

    for (size_t size = 0; size < offsetof(struct tiny, strings) + 6; size++)
        CHECK_STR(find(&t, size, 0x1000), "none");
}

TEST(symbol, a_file_that_lies_is_no_harm)
{
    static const size_t lies[] = {0, 1, 7, sizeof(struct tiny), SIZE_MAX / 2, SIZE_MAX};

    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct tiny t[8];
        for (size_t j = 0; j < 8; j++)
            t[j] = tiny();
        t[0].header.e_shoff = lies[i];
        t[1].header.e_shnum = (ElfW(Half))lies[i];
        t[2].header.e_shentsize = (ElfW(Half))lies[i];
        t[3].sections[1].sh_offset = lies[i];
        t[4].sections[1].sh_size = lies[i];
        t[5].sections[1].sh_link = (ElfW(Word))lies[i];
        t[6].sections[2].sh_size = lies[i];
        t[7].symbols[1].st_name = (ElfW(Word))lies[i];
        for (size_t j = 0; j < 8; j++)
            (void)find(&t[j], sizeof(t[j]), 0x1000);
    }
}
