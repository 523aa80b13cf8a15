//! Pages of people who sign in, by what is sent and answered: who may open what, and what nobody
//! can do to somebody else.

mod browser;
mod guards;
mod roles;
mod signing_in;
