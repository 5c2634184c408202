// SPDX-License-Identifier: MIT
#include "check.h"

#include "tls/error.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

TEST(tls_error, says_the_last_and_empties_the_queue)
{
    char words[TLS_MESSAGE] = "";

    CHECK_EQ(OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, NULL), 1);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
    ERR_raise(ERR_LIB_SSL, ERR_R_PEM_LIB); /* which says only where that came from */
    FAILS(tls_queued_error(words, sizeof(words)), -COIL_ETLS);
    CHECK_STR(words, "wrong version number");
    CHECK_EQ(ERR_peek_error(), 0);
}

TEST(tls_error, the_systems_and_memorys_keep_their_codes)
{
    char words[TLS_MESSAGE] = "";

    ERR_raise(ERR_LIB_SYS, ENOENT);
    ERR_raise(ERR_LIB_SSL, ERR_R_SYS_LIB);
    FAILS(tls_queued_error(words, sizeof(words)), -ENOENT);
    CHECK_STR(words, "No such file or directory");
    ERR_raise(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE);
    FAILS(tls_queued_error(NULL, 0), -ENOMEM);
}

TEST(tls_error, without_an_error_it_is_still_one)
{
    char words[8] = "";

    FAILS(tls_queued_error(words, sizeof(words)), -COIL_ETLS);
    CHECK_STR(words, "the TLS"); /* cut to size */
}
