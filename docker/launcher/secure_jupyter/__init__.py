"""Starts Jupyter so that it can be trusted: over TLS, with a token, as a user.

    words         one setting at a time: a switch, a port, a secret
    settings      what the environment and the command line ask for
    certificate   what a certificate is, whether a server may use it, and making one
    identity      the files: mounted ones, checked, or our own, kept and renewed
    addresses     the names and addresses a certificate of our own is good for
    listening     the port: 443 where the kernel lets us, else 8443
    access        the token or the hashed password
    gallery       nbgallery's settings, as its extensions read them
    traits        NBGALLERY_CONFIG_<TRAIT>
    launch        all of that together: the command to run, and running it again
    plan          what the launcher tells the server it starts
    extension     inside the server: the TLS context, the last check, the gallery's way in
    silence       no secret in a log
    tls           the TLS context

The launcher ends in ``jupyter lab`` (or another application of Jupyter Server) in the same process. What it
decided reaches the server as one environment variable, which the server's configuration (``config/``) and our
server extension read and remove.
"""
