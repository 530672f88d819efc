//! What Bedrock is sent, and what is read from it.
