// SPDX-License-Identifier: MIT
#include "inspect/symbol.h"

#include "base/macros.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- in the file ---------------------------------------------------------------------------- */

/* `count` things of `size` bytes at an offset, or NULL when they do not lie within the file. They
 * are copied out by their readers: an offset in a file may be odd. */
static const void *within(const struct symbol_file *file, size_t offset, size_t count, size_t size)
{
    if (offset > file->size || (count && size > (file->size - offset) / count))
        return NULL;
    return file->bytes + offset;
}

static bool read_header(const struct symbol_file *file, ElfW(Ehdr) * header)
{
    const void *bytes = within(file, 0, 1, sizeof(*header));

    if (!bytes)
        return false;
    memcpy(header, bytes, sizeof(*header));
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
           header->e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
           header->e_ehsize == sizeof(*header);
}

static bool read_section(const struct symbol_file *file, const ElfW(Ehdr) * header, size_t i,
                         ElfW(Shdr) * section)
{
    if (i >= header->e_shnum || header->e_shentsize != sizeof(*section))
        return false;
    const unsigned char *sections =
        within(file, header->e_shoff, header->e_shnum, sizeof(*section));
    if (!sections)
        return false;
    memcpy(section, sections + i * sizeof(*section), sizeof(*section));
    return true;
}

/* A string that ends within its section. */
static const char *string_at(const struct symbol_file *file, const ElfW(Shdr) * strings,
                             size_t offset)
{
    const char *bytes = within(file, strings->sh_offset, strings->sh_size, 1);

    if (!bytes || offset >= strings->sh_size ||
        !memchr(bytes + offset, '\0', strings->sh_size - offset))
        return NULL;
    return bytes + offset;
}

static const char *find_in_table(const struct symbol_file *file, const ElfW(Shdr) * table,
                                 const ElfW(Shdr) * strings, uintptr_t address)
{
    size_t count = table->sh_size / sizeof(ElfW(Sym));
    const unsigned char *symbols = within(file, table->sh_offset, count, sizeof(ElfW(Sym)));

    for (size_t i = 0; symbols && i < count; i++) {
        ElfW(Sym) symbol;
        memcpy(&symbol, symbols + i * sizeof(symbol), sizeof(symbol));
        /* The type's bits are the same in both classes. */
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF)
            continue;
        if (address == symbol.st_value ||
            (address > symbol.st_value && address - symbol.st_value < symbol.st_size))
            return string_at(file, strings, symbol.st_name);
    }
    return NULL;
}

const char *symbol_find(const struct symbol_file *file, uintptr_t address)
{
    ElfW(Ehdr) header;
    ElfW(Shdr) section, strings;

    if (!read_header(file, &header))
        return NULL;
    for (size_t i = 0; i < header.e_shnum; i++) {
        if (!read_section(file, &header, i, &section))
            return NULL;
        if (section.sh_type == SHT_SYMTAB && read_section(file, &header, section.sh_link, &strings))
            return find_in_table(file, &section, &strings, address);
    }
    return NULL;
}

/* ---- in the process ------------------------------------------------------------------------- */

struct object {
    uintptr_t address; /* asked for */
    uintptr_t bias;    /* what was added to the file's addresses */
    const char *path;
    const ElfW(Phdr) * segments;
    size_t segment_count;
};

static int is_in_object(struct dl_phdr_info *info, size_t size, void *userdata)
{
    struct object *object = userdata;

    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD || object->address - start >= segment->p_memsz)
            continue;
        object->bias = info->dlpi_addr;
        object->path = *info->dlpi_name ? info->dlpi_name : "/proc/self/exe";
        object->segments = info->dlpi_phdr;
        object->segment_count = info->dlpi_phnum;
        return 1;
    }
    return 0;
}

/* Whether it is the file that was loaded, and not another one that took its name since. */
static bool is_the_one(const struct symbol_file *file, const struct object *object)
{
    ElfW(Ehdr) header;

    if (!read_header(file, &header) || header.e_phnum != object->segment_count ||
        header.e_phentsize != sizeof(*object->segments))
        return false;
    const void *segments = within(file, header.e_phoff, header.e_phnum, sizeof(*object->segments));
    return segments && memcmp(segments, object->segments,
                              object->segment_count * sizeof(*object->segments)) == 0;
}

static bool map_file(const char *path, struct symbol_file *file)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    void *bytes = MAP_FAILED;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        return false;
    *file = (struct symbol_file){.bytes = bytes, .size = (size_t)status.st_size};
    return true;
}

static bool name_from_file(uintptr_t address, char *buffer, size_t size)
{
    struct object object = {.address = address};
    struct symbol_file file;
    const char *name = NULL;

    if (!dl_iterate_phdr(is_in_object, &object) || !map_file(object.path, &file))
        return false;
    if (is_the_one(&file, &object))
        name = symbol_find(&file, address - object.bias);
    if (name)
        snprintf(buffer, size, "%s", name);
    munmap((void *)file.bytes, file.size);
    return name != NULL;
}

void symbol_name(uintptr_t address, char *buffer, size_t size)
{
    Dl_info info;

    if (name_from_file(address, buffer, size))
        return;
    if (dladdr((const void *)address, &info) && info.dli_sname)
        snprintf(buffer, size, "%s", info.dli_sname);
    else
        snprintf(buffer, size, "%#zx", (size_t)address);
}
