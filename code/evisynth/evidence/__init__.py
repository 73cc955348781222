"""The evidence base: tables read whole, overlap resolved, rows selected with reasons, pooled."""
