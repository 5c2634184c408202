// SPDX-License-Identifier: MIT
/*
 * Certificates made for a test, on no disk: a file is anonymous memory, named by its descriptor.
 * The clock of X.509 is real: they are valid from yesterday to tomorrow.
 */
#ifndef TESTS_CERTS_H
#define TESTS_CERTS_H

#include "check.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct pem {
    int fd;
    char path[32];
};

/* An authority, and what it has signed: for "server.test" and 192.0.2.1, and for "client". */
struct certs {
    EVP_PKEY *authority_key;
    X509 *authority;
    struct pem trust, server, client;
};

#define CERTS __attribute__((cleanup(certs_free))) struct certs

static inline struct pem pem_new(void)
{
    struct pem pem = {.fd = memfd_create("pem", MFD_CLOEXEC)};

    CHECK(pem.fd >= 0);
    snprintf(pem.path, sizeof(pem.path), "/proc/self/fd/%d", pem.fd);
    return pem;
}

static inline void pem_free(struct pem *pem)
{
    close(pem->fd);
}

#define PEM __attribute__((cleanup(pem_free))) struct pem

static inline void pem_put(const struct pem *pem, X509 *certificate, EVP_PKEY *key,
                           const char *password)
{
    const EVP_CIPHER *cipher = password ? EVP_aes_128_cbc() : NULL;
    FILE *file = fdopen(dup(pem->fd), "w");

    if (!CHECK(file))
        return;
    CHECK(!certificate || PEM_write_X509(file, certificate));
    CHECK(!key || PEM_write_PKCS8PrivateKey(file, key, cipher, NULL, 0, NULL, (void *)password));
    fclose(file);
}

static inline void certs_extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    CHECK(extension && X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

/* A certificate of `name` for `key`, signed by an authority, or by itself where that is NULL. */
static inline X509 *certs_sign(const char *name, EVP_PKEY *key, const char *for_names,
                               const struct certs *by)
{
    static long serial;
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);

    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -24 * 3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, by ? X509_get_subject_name(by->authority) : subject);
    if (!by)
        certs_extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (for_names)
        certs_extend(certificate, NID_subject_alt_name, for_names);
    CHECK(X509_sign(certificate, by ? by->authority_key : key, EVP_sha256()) > 0);
    return certificate;
}

static inline void certs_issue(struct certs *certs, const struct pem *pem, const char *name,
                               const char *for_names, const char *password)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = certs_sign(name, key, for_names, certs);

    pem_put(pem, certificate, NULL, NULL);
    pem_put(pem, NULL, key, password);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static inline struct certs certs_new(void)
{
    struct certs certs = {.authority_key = EVP_EC_gen("P-256"),
                          .trust = pem_new(),
                          .server = pem_new(),
                          .client = pem_new()};

    char name[32];
    static int authorities;
    snprintf(name, sizeof(name), "authority %d", ++authorities);
    certs.authority = certs_sign(name, certs.authority_key, NULL, NULL);
    pem_put(&certs.trust, certs.authority, NULL, NULL);
    certs_issue(&certs, &certs.server, "server.test", "DNS:server.test,IP:192.0.2.1", NULL);
    certs_issue(&certs, &certs.client, "client", NULL, NULL);
    return certs;
}

static inline void certs_free(struct certs *certs)
{
    pem_free(&certs->trust);
    pem_free(&certs->server);
    pem_free(&certs->client);
    X509_free(certs->authority);
    EVP_PKEY_free(certs->authority_key);
}

#endif
